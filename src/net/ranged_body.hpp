// RangedBody: parts of a file as the body of a response, read as they are sent.
#pragma once

#include <cstdint>
#include <kefu/files.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/download.hpp"

namespace kefu::net {

/// Threading: one at a time; next() may block.
class RangedBody {
 public:
  /// `boundary` counts where there are several ranges.
  RangedBody(std::shared_ptr<FileSource> source, std::vector<ByteRange> ranges,
             std::uint64_t file_size, std::string_view type, std::string_view boundary);

  [[nodiscard]] bool multipart() const noexcept { return multipart_; }
  /// Bytes in all.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  /// The next bytes, at most 64 KiB; "" at the end. Throws std::runtime_error when the file can't
  /// be read.
  [[nodiscard]] std::string next();

 private:
  struct Part {
    std::string head;  // before the bytes
    ByteRange range;
  };

  std::shared_ptr<FileSource> source_;
  std::vector<Part> parts_;
  std::size_t at_ = 0;  // the current part
  std::uint64_t size_ = 0;
  bool multipart_;
};

}  // namespace kefu::net
