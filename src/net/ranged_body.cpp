#include "net/ranged_body.hpp"

#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>

namespace kefu::net {
namespace {

constexpr std::uint64_t kPart = 64 * 1024;

}  // namespace

RangedBody::RangedBody(std::shared_ptr<FileSource> source, std::vector<ByteRange> ranges,
                       std::uint64_t file_size, std::string_view type, std::string_view boundary)
    : source_{std::move(source)}, multipart_{ranges.size() > 1} {
  const std::string line = "\r\n--" + std::string{boundary};
  for (const ByteRange& range : ranges) {
    std::string head;
    if (multipart_) {
      head = line + "\r\nContent-Type: " + std::string{type} +
             "\r\nContent-Range: " + content_range(range, file_size) + "\r\n\r\n";
    }
    parts_.push_back({std::move(head), range});
  }
  if (multipart_) parts_.push_back({line + "--\r\n", {}});
  for (const Part& part : parts_) size_ += part.head.size() + part.range.size();
}

std::string RangedBody::next() {
  while (at_ != parts_.size()) {
    Part& part = parts_[at_];
    if (!part.head.empty()) return std::exchange(part.head, {});
    if (part.range.size() == 0) {
      ++at_;
      continue;
    }
    std::string bytes(static_cast<std::size_t>(std::min(kPart, part.range.size())), '\0');
    const auto read = source_->read_at(part.range.from, std::as_writable_bytes(std::span{bytes}));
    if (!read || *read != bytes.size()) throw std::runtime_error{"a file can't be read"};
    part.range.from += bytes.size();
    return bytes;
  }
  return {};
}

}  // namespace kefu::net
