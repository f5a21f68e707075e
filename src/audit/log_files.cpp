#include "audit/log_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include "descriptor.hpp"

namespace kefu::inline v0::audit {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "audit-";
constexpr std::string_view kSuffix = ".jsonl";
constexpr std::size_t kPart = std::size_t{64} * 1024;     // bytes read at a time
constexpr std::size_t kMaxLine = std::size_t{64} * 1024;  // bytes

std::optional<std::uint64_t> number_in(std::string_view name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(std::min(name.size(), kSuffix.size()));
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), out);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return out;
}

/// Puts lines together out of the parts that are read.
class Lines {
 public:
  explicit Lines(const std::function<void(std::string_view)>& line) : line_(line) {}

  void take(std::string_view part) {
    for (;;) {
      const std::size_t end = part.find('\n');
      const std::string_view piece = part.substr(0, end);
      begun_.append(piece.substr(0, kMaxLine - std::min(begun_.size(), kMaxLine)));
      torn_ = torn_ || !piece.empty();
      if (end == std::string_view::npos) return;
      line_(begun_);
      begun_.clear();
      torn_ = false;
      part.remove_prefix(end + 1);
    }
  }
  [[nodiscard]] bool torn() const noexcept { return torn_; }

 private:
  const std::function<void(std::string_view)>& line_;
  std::string begun_;
  bool torn_ = false;
};

}  // namespace

std::string file_name(std::uint64_t first_line) {
  return fmt::format("{}{:012}{}", kPrefix, first_line, kSuffix);
}

std::vector<fs::path> find_files(const fs::path& folder) {
  std::vector<std::pair<std::uint64_t, fs::path>> found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (const auto number = number_in(entry.path().filename().string()))
      found.emplace_back(*number, entry.path());
  }
  std::ranges::sort(found);
  std::vector<fs::path> out;
  out.reserve(found.size());
  for (auto& [number, path] : found) out.push_back(std::move(path));
  return out;
}

bool read_lines(const fs::path& file, const std::function<void(std::string_view)>& line) {
  const Descriptor in{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!in) throw std::system_error(errno, std::system_category(), file.string());
  Lines lines(line);
  std::array<char, kPart> part;
  for (;;) {
    const ssize_t n = ::read(in.get(), part.data(), part.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw std::system_error(errno, std::system_category(), file.string());
    if (n == 0) return !lines.torn();
    lines.take({part.data(), static_cast<std::size_t>(n)});
  }
}

}  // namespace kefu::inline v0::audit
