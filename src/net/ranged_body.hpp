// RangedBody: parts of a file as the body of a response, and how much of them is sent. Without I/O.
#pragma once

#include <cstdint>
#include <kefu/files.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/download.hpp"

namespace kefu::inline v0::net {

/// Threading: one at a time.
class RangedBody {
 public:
  /// `boundary` counts where there are several ranges.
  RangedBody(std::unique_ptr<FileSource> source, const std::vector<ByteRange>& ranges,
             std::string_view type, std::string_view boundary);

  [[nodiscard]] bool multipart() const noexcept { return multipart_; }
  /// Bytes in all.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  /// What comes next: some text, or bytes of the file; neither at the end. Valid until advance().
  struct Next {
    std::string_view text;
    ByteRange range;
  };
  [[nodiscard]] Next next() const noexcept;
  /// So many bytes of that are sent.
  void advance(std::uint64_t bytes) noexcept;

  [[nodiscard]] FileSource& source() const noexcept { return *source_; }

 private:
  struct Part {
    std::string head;  // before the bytes
    ByteRange range;
  };

  void skip_empty() noexcept;

  std::unique_ptr<FileSource> source_;
  std::vector<Part> parts_;
  std::size_t at_ = 0;       // the current part
  std::size_t head_at_ = 0;  // of its head
  std::uint64_t size_ = 0;
  bool multipart_;
};

}  // namespace kefu::inline v0::net
