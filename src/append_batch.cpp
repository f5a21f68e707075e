#include <kefu/append_batch.hpp>

#include <cstring>

namespace kefu::inline v0 {

namespace {
constexpr std::size_t kChunk = 64 * 1024;
constexpr std::size_t kKeepChunks = 16;
}  // namespace

void AppendBatch::add(const Draft& draft) {
  const std::string_view from = keep(draft.from), kind = keep(draft.kind), body = keep(draft.body),
                         tags = keep(draft.tags), peer = keep(draft.peer),
                         reason = keep(draft.reason);
  // Room for its outcome first: then whatever happens to the draft can be told.
  if (outcomes_.capacity() <= drafts_.size()) outcomes_.reserve(2 * drafts_.size() + 1);
  Draft& kept = drafts_.emplace_back(draft);
  kept.from = from;
  kept.kind = kind;
  kept.body = body;
  kept.tags = tags;
  kept.peer = peer;
  kept.reason = reason;
}

std::string_view AppendBatch::keep(std::string_view text) {
  if (text.empty()) return {};
  while (chunk_ < chunks_.size() && chunks_[chunk_].size - used_ < text.size()) {
    ++chunk_;
    used_ = 0;
  }
  if (chunk_ == chunks_.size()) {
    const std::size_t size = text.size() > kChunk ? text.size() : kChunk;
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    used_ = 0;
  }
  char* const to = chunks_[chunk_].bytes.get() + used_;
  std::memcpy(to, text.data(), text.size());
  used_ += text.size();
  return {to, text.size()};
}

void AppendBatch::fail(errc code) {
  outcomes_.assign(drafts_.size(), Outcome{});
  for (Outcome& outcome : outcomes_) outcome.code = code;
}

void AppendBatch::clear() noexcept {
  drafts_.clear();
  outcomes_.clear();
  if (chunks_.size() > kKeepChunks) chunks_.resize(kKeepChunks);
  chunk_ = 0;
  used_ = 0;
}

}  // namespace kefu::inline v0
