#include "sqlite/marks.hpp"

#include <limits>

#include "sqlite/statement.hpp"

namespace kefu::inline v0::sqlite {
namespace {

constexpr std::size_t kSentSize = 24;

void put(std::string& out, std::uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint64_t take(std::string_view& in) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i)
    value = value << 8 | static_cast<unsigned char>(in[static_cast<std::size_t>(i)]);
  in.remove_prefix(8);
  return value;
}

}  // namespace

void encode_kept(const core::DedupMark& mark, std::string& out) {
  constexpr auto kAll = std::numeric_limits<std::uint32_t>::max();
  std::uint64_t first = mark.accepted() + 1;
  while (mark.find(first - 1, kAll)) --first;
  out.clear();
  for (std::uint64_t cseq = first; cseq <= mark.accepted(); ++cseq) {
    const core::DedupMark::Sent& sent = *mark.find(cseq, kAll);
    put(out, sent.digest);
    put(out, sent.seq);
    put(out, sent.seq ? static_cast<std::uint64_t>(sent.at.ns) : refusal_number(sent.code()));
  }
}

core::DedupMark decode_mark(std::uint64_t accepted, std::string_view kept) {
  if (kept.size() % kSentSize != 0 || kept.size() / kSentSize > accepted)
    throw_corrupt("a mark has a strange size");
  std::vector<core::DedupMark::Sent> sent;
  sent.reserve(kept.size() / kSentSize);
  while (!kept.empty()) {
    const std::uint64_t digest = take(kept);
    const std::uint64_t seq = take(kept);
    const std::uint64_t rest = take(kept);
    sent.push_back(
        seq ? core::DedupMark::Sent::entry(digest, seq, Timestamp{static_cast<std::int64_t>(rest)})
            : core::DedupMark::Sent::refused(digest, refusal_from_number(rest)));
  }
  return core::DedupMark::restore(accepted, std::move(sent));
}

}  // namespace kefu::inline v0::sqlite
