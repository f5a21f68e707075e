// Serves small files (a chat widget, an agent console) from a directory.
#pragma once

#include <kefu/net/http.hpp>
#include <kefu/net/http_head.hpp>

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace kefu::inline v0::net {

/// How files are served.
struct StaticFilesOptions {
  std::filesystem::path root;
  std::string index = "index.html";             ///< for a path that ends with '/'
  std::size_t max_file_size = 8 * 1024 * 1024;  ///< bytes; a larger file answers 500
  std::string content_security_policy = {};     ///< not sent when empty
};

/// Threading: `serve` may be called from any thread; it reads the file, so it may block on a disk.
///
/// What can be reached: regular files below the root, by names that don't begin with a dot.
/// Symbolic links below the root are refused, wherever they point (the root itself may be one).
/// Each step of a path is opened from the one before, so a rename during the walk opens nothing
/// else.
class StaticFiles {
 public:
  /// Throws std::invalid_argument when the root isn't a directory.
  explicit StaticFiles(StaticFilesOptions options);

  /// Answers GET and HEAD (others get 405) for `path`, a percent-encoded URL path below the root
  /// that begins with '/'. The body is filled for HEAD too: leave it out when writing.
  [[nodiscard]] http::Response serve(const http::Head& request, std::string_view path) const;

 private:
  [[nodiscard]] http::Response serve_file(const http::Head& request, int file,
                                          std::string_view name) const;

  StaticFilesOptions options_;
};

/// By the extension of a file name; application/octet-stream for unknown ones.
std::string_view content_type_for(std::string_view name) noexcept;

}  // namespace kefu::inline v0::net
