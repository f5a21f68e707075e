#include "net/ranged_body.hpp"

#include <utility>

namespace kefu::inline v0::net {

RangedBody::RangedBody(std::unique_ptr<FileSource> source, const std::vector<ByteRange>& ranges,
                       std::string_view type, std::string_view boundary)
    : source_{std::move(source)}, multipart_{ranges.size() > 1} {
  const std::string line = "\r\n--" + std::string{boundary};
  for (const ByteRange& range : ranges) {
    std::string head;
    if (multipart_) {
      head = line + "\r\nContent-Type: " + std::string{type} +
             "\r\nContent-Range: " + content_range(range, source_->size()) + "\r\n\r\n";
    }
    parts_.push_back({std::move(head), range});
  }
  if (multipart_) parts_.push_back({line + "--\r\n", {}});
  for (const Part& part : parts_) size_ += part.head.size() + part.range.size();
  skip_empty();
}

RangedBody::Next RangedBody::next() const noexcept {
  if (at_ == parts_.size()) return {};
  const Part& part = parts_[at_];
  if (head_at_ != part.head.size()) return {std::string_view{part.head}.substr(head_at_), {}};
  return {{}, part.range};
}

void RangedBody::advance(std::uint64_t bytes) noexcept {
  Part& part = parts_[at_];
  if (head_at_ != part.head.size()) {
    head_at_ += static_cast<std::size_t>(bytes);
  } else {
    part.range.from += bytes;
  }
  skip_empty();
}

void RangedBody::skip_empty() noexcept {
  while (at_ != parts_.size() && head_at_ == parts_[at_].head.size() &&
         parts_[at_].range.size() == 0) {
    ++at_;
    head_at_ = 0;
  }
}

}  // namespace kefu::inline v0::net
