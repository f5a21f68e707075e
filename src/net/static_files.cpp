#include <kefu/net/static_files.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>

#include "descriptor.hpp"
#include "net/field_text.hpp"

namespace kefu::inline v0::net {
namespace {

/// A name of one path segment. What begins with a dot is hidden, or leads out of the root.
bool is_servable_name(std::string_view name) noexcept {
  if (name.empty() || name.front() == '.') return false;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f || c == '/' || c == '\\') return false;
  }
  return true;
}

/// O_NONBLOCK, so that a FIFO in the tree can't hold us up.
Descriptor open_below(const Descriptor& directory, const std::string& name, bool is_last) {
  const int kind = is_last ? O_NONBLOCK : O_DIRECTORY;
  return Descriptor{
      ::openat(directory.get(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | kind)};
}

/// Opens the file that a URL path means; `name` gets its last segment.
Descriptor open_path(const StaticFilesOptions& options, std::string_view path, std::string& name) {
  if (!path.starts_with('/')) return Descriptor{-1};
  path.remove_prefix(1);
  Descriptor at{::open(options.root.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY)};
  while (at) {
    const std::size_t slash = path.find('/');
    const bool is_last = slash == std::string_view::npos;
    // Each segment is decoded on its own, so that %2f can't make two of one.
    auto decoded = http::percent_decode(path.substr(0, slash));
    if (!decoded) break;
    name = is_last && decoded->empty() ? options.index : *std::move(decoded);
    if (!is_servable_name(name)) break;
    at = open_below(at, name, is_last);
    if (is_last) return at;
    path.remove_prefix(slash + 1);
  }
  return Descriptor{-1};
}

/// nullopt when the file can't be read or has shrunk meanwhile.
std::optional<std::string> read_whole(int file, std::size_t size) {
  std::string out(size, '\0');
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = ::read(file, out.data() + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    done += static_cast<std::size_t>(n);
  }
  return out;
}

std::string entity_tag(const struct stat& status) {
  std::string out = "\"";
  for (const auto part : {static_cast<std::int64_t>(status.st_mtim.tv_sec),
                          static_cast<std::int64_t>(status.st_mtim.tv_nsec),
                          static_cast<std::int64_t>(status.st_size)}) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), part, 16).ptr;
    if (out.size() > 1) out += '-';
    out.append(digits.data(), end);
  }
  return out += '"';
}

bool is_known_to_client(const http::Head& request, std::string_view tag) noexcept {
  for (std::size_t i = 0; i < request.field_count(); ++i) {
    if (!http::equal_any_case(request.field_name(i), "If-None-Match")) continue;
    if (http::lists_tag(request.field_value(i), tag)) return true;
  }
  return false;
}

}  // namespace

std::string_view content_type_for(std::string_view name) noexcept {
  struct Type {
    std::string_view extension;
    std::string_view type;
  };
  static constexpr Type kTypes[] = {
      {"html", "text/html; charset=utf-8"},
      {"css", "text/css; charset=utf-8"},
      {"js", "text/javascript; charset=utf-8"},
      {"mjs", "text/javascript; charset=utf-8"},
      {"json", "application/json"},
      {"svg", "image/svg+xml"},
      {"png", "image/png"},
      {"ico", "image/x-icon"},
      {"woff2", "font/woff2"},
      {"txt", "text/plain; charset=utf-8"},
      {"webmanifest", "application/manifest+json"},
  };
  const std::size_t dot = name.rfind('.');
  if (dot != std::string_view::npos) {
    for (const Type& type : kTypes) {
      if (http::equal_any_case(name.substr(dot + 1), type.extension)) return type.type;
    }
  }
  return "application/octet-stream";
}

StaticFiles::StaticFiles(StaticFilesOptions options) : options_{std::move(options)} {
  std::error_code ignored;
  if (!std::filesystem::is_directory(options_.root, ignored)) {
    throw std::invalid_argument{"static files: not a directory: " + options_.root.string()};
  }
}

http::Response StaticFiles::serve(const http::Head& request, std::string_view path) const {
  if (request.method() != "GET" && request.method() != "HEAD") {
    return http::text_response(405).set("Allow", "GET, HEAD");
  }
  std::string name;
  const Descriptor file = open_path(options_, path, name);
  if (!file) return http::text_response(404);
  return serve_file(request, file.get(), name);
}

http::Response StaticFiles::serve_file(const http::Head& request, int file,
                                       std::string_view name) const {
  struct stat status {};
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return http::text_response(404);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size > options_.max_file_size) return http::text_response(500, "file too large");

  http::Response response;
  const std::string tag = entity_tag(status);
  response.set("ETag", tag).set("Cache-Control", "no-cache");
  response.set("X-Content-Type-Options", "nosniff");
  if (!options_.content_security_policy.empty()) {
    response.set("Content-Security-Policy", options_.content_security_policy);
  }
  if (is_known_to_client(request, tag)) {
    response.status = 304;
    return response;
  }
  auto body = read_whole(file, static_cast<std::size_t>(size));
  if (!body) return http::text_response(500);
  response.set("Content-Type", content_type_for(name));
  response.body = *std::move(body);
  return response;
}

}  // namespace kefu::inline v0::net
