#include "audit/log_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "audit/log_files.hpp"

namespace kefu::inline v0::audit {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPrivate = 0600;
constexpr mode_t kPrivateFolder = 0700;
constexpr std::uint64_t kTail = 8ULL << 20;  // bytes that hold more lines than are remembered

[[noreturn]] void fail_at(const fs::path& what) {
  throw std::system_error(errno, std::system_category(), what.string());
}

errc from_errno() noexcept {
  return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? errc::store_full
                                                              : errc::unavailable;
}

/// The `size` bytes of a file from `offset` on.
std::string read_at(const Descriptor& file, std::uint64_t offset, std::uint64_t size,
                    const fs::path& path) {
  std::string out(size, '\0');
  std::size_t done = 0;
  while (done != out.size()) {
    const ssize_t n = ::pread(file.get(), out.data() + done, out.size() - done,
                              static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_at(path);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  out.resize(done);
  return out;
}

std::uint64_t size_of(const Descriptor& file, const fs::path& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail_at(path);
  return static_cast<std::uint64_t>(status.st_size);
}

/// Where the last whole line of the file ends.
std::uint64_t end_of_lines(const Descriptor& file, std::uint64_t size, const fs::path& path) {
  constexpr std::uint64_t kPart = 64 * 1024;
  while (size != 0) {
    const std::uint64_t from = size - std::min(size, kPart);
    const std::size_t end = read_at(file, from, size - from, path).rfind('\n');
    if (end != std::string::npos) return from + end + 1;
    size = from;
  }
  return 0;
}

/// The last `bytes` of a file, from the beginning of a line on.
std::string tail_of(const fs::path& path, std::uint64_t bytes) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) fail_at(path);
  const std::uint64_t size = size_of(file, path);
  if (size <= bytes) return read_at(file, 0, size, path);
  std::string out = read_at(file, size - bytes, bytes, path);
  return out.erase(0, std::min(out.find('\n'), out.size() - 1) + 1);
}

}  // namespace

LogFolder::LogFolder(const fs::path& path, std::uint64_t file_bytes,
                     const std::function<void(const Line&)>& line)
    : file_bytes_(file_bytes) {
  if (path.has_parent_path()) fs::create_directories(path.parent_path());
  if (::mkdir(path.c_str(), kPrivateFolder) != 0 && errno != EEXIST) fail_at(path);
  folder_ = Descriptor{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder_) fail_at(path);
  if (::flock(folder_.get(), LOCK_EX | LOCK_NB) != 0)
    throw std::runtime_error("another process has the audit log in " + path.string());
  const std::vector<fs::path> files = find_files(path);
  if (!files.empty()) open_last(files.back());
  read_tail(path, line);
}

void LogFolder::open_last(const fs::path& file) {
  file_ = Descriptor{::open(file.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW)};
  if (!file_) fail_at(file);
  const std::uint64_t size = size_of(file_, file);
  size_ = end_of_lines(file_, size, file);
  if (size_ != size && ::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) fail_at(file);
  // What is known is answered without being written again: it must not be in memory only.
  if (::fsync(file_.get()) != 0 || ::fsync(folder_.get()) != 0) fail_at(file);
}

void LogFolder::read_tail(const fs::path& path, const std::function<void(const Line&)>& line) {
  const std::vector<fs::path> files = find_files(path);
  std::vector<std::string> parts;  // newest first
  std::uint64_t left = kTail;
  for (auto file = files.rbegin(); file != files.rend() && left != 0; ++file) {
    parts.push_back(tail_of(*file, left));
    left -= std::min<std::uint64_t>(left, parts.back().size());
    if (parts.back().size() < fs::file_size(*file)) break;
  }
  std::optional<Line> last;
  bool any = false;
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    std::string_view rest = *part;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
      last = line_from(rest.substr(0, end));
      any = true;
      if (last) line(*last);
      rest.remove_prefix(end + 1);
    }
  }
  if (any && (!last || !last->whole))
    throw std::runtime_error("the last line of the audit log in " + path.string() +
                             " is not what was written");
  if (last) head_ = last->head;
}

errc LogFolder::append(std::string_view lines, std::uint64_t first) {
  if (broken_) return errc::store_failed;
  if (!file_ || size_ >= file_bytes_) {
    if (const errc code = open_next(first); code != errc::ok) return code;
  }
  if (!write_all(file_.get(), lines)) return take_back(from_errno());
  if (::fdatasync(file_.get()) != 0) return fail();
  size_ += lines.size();
  return errc::ok;
}

errc LogFolder::open_next(std::uint64_t first) {
  Descriptor next{::openat(folder_.get(), file_name(first).c_str(),
                           O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, kPrivate)};
  if (!next) return from_errno();
  file_ = std::move(next);
  size_ = 0;
  return ::fsync(folder_.get()) == 0 ? errc::ok : fail();
}

errc LogFolder::take_back(errc code) {
  return ::ftruncate(file_.get(), static_cast<off_t>(size_)) == 0 ? code : fail();
}

errc LogFolder::fail() {
  broken_ = true;
  return errc::store_failed;
}

}  // namespace kefu::inline v0::audit
