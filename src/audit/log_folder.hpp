// LogFolder: the files of an audit log, to be written. It belongs to one process at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <kefu/audit/chain.hpp>
#include <kefu/error.hpp>
#include <optional>
#include <string_view>

#include "descriptor.hpp"

namespace kefu::inline v0::audit {

/// Threading: none of its own.
class LogFolder {
 public:
  /// Makes the folder when it is missing, takes back what a crash has torn, and calls `line` with
  /// the last lines, oldest first. Throws as the constructor of FolderSink.
  LogFolder(const std::filesystem::path& path, std::uint64_t file_bytes,
            const std::function<void(const Line&)>& line);

  /// Nothing when it has no line.
  [[nodiscard]] const std::optional<Head>& head() const noexcept { return head_; }

  /// Writes lines, of which the first has the number `first`, and syncs. With any code but errc::ok
  /// nothing of them stays; with errc::store_failed it may, and nothing more is written.
  [[nodiscard]] errc append(std::string_view lines, std::uint64_t first);

 private:
  void open_last(const std::filesystem::path& file);
  void read_tail(const std::filesystem::path& path, const std::function<void(const Line&)>& line);
  [[nodiscard]] errc open_next(std::uint64_t first);
  [[nodiscard]] errc take_back(errc code);
  [[nodiscard]] errc fail();

  const std::uint64_t file_bytes_;
  Descriptor folder_;
  Descriptor file_;         // the last one
  std::uint64_t size_ = 0;  // of it
  std::optional<Head> head_;
  bool broken_ = false;
};

}  // namespace kefu::inline v0::audit
