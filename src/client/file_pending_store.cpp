// The journal: a first line, then records. A record is its length and a checksum of its bytes,
// eight bytes each, little-endian, and the bytes (state_codec.hpp).
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <kefu/client/file_pending_store.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "client/state_codec.hpp"

namespace kefu::inline v0::client {
namespace {

constexpr std::string_view kMagic = "kefu pending sends 1\n";
constexpr std::string_view kAnyVersion = "kefu pending sends ";
constexpr std::size_t kHead = 16;
constexpr std::size_t kGrowth =
    4;  // a journal is rewritten when it is so much longer than its sense

/// A descriptor, closed when it goes.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

void put_u64(std::uint64_t value, std::string& out) {
  for (int i = 0; i < 8; ++i, value >>= 8) out.push_back(static_cast<char>(value));
}
std::uint64_t get_u64(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}
std::uint64_t checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

void put_record(std::string_view bytes, std::string& out) {
  put_u64(bytes.size(), out);
  put_u64(checksum(bytes), out);
  out.append(bytes);
}

bool write_all(int fd, std::string_view bytes, std::size_t offset) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
    offset += static_cast<std::size_t>(wrote);
  }
  return true;
}

std::string read_all(int fd, const std::string& path) {
  std::string out;
  char buffer[64 * 1024];
  for (;;) {
    const ssize_t got = ::pread(fd, buffer, sizeof buffer, static_cast<off_t>(out.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(path);
    if (got == 0) return out;
    out.append(buffer, static_cast<std::size_t>(got));
  }
}

Descriptor open_locked(const std::filesystem::path& path, int flags) {
  Descriptor fd(::open(path.c_str(), flags | O_RDWR | O_CLOEXEC, 0600));
  if (fd.get() < 0) throw_errno(path.string());
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) throw std::system_error(errc::store_locked, path.string());
    throw_errno(path.string());
  }
  return fd;
}

}  // namespace

struct FilePendingStore::Impl {
  Impl(std::filesystem::path with_path, FilePendingStoreOptions with)
      : path(std::move(with_path)), options(with) {
    // Between opening and locking, a rename by its last owner may have put another file there.
    for (;;) {
      file = open_locked(path, O_CREAT);
      if (is_current()) break;
    }
    replay(read_all(file.get(), path.string()));
  }

  [[nodiscard]] bool is_current() const {
    struct stat ours {};
    struct stat named {};
    if (::fstat(file.get(), &ours) != 0) throw_errno(path.string());
    return ::stat(path.c_str(), &named) == 0 && ours.st_ino == named.st_ino &&
           ours.st_dev == named.st_dev;
  }

  void replay(std::string_view bytes) {
    if (!bytes.starts_with(kMagic)) {
      // A crash may have cut the first line of a new file off.
      if (kMagic.starts_with(bytes)) return begin();
      throw std::system_error(bytes.starts_with(kAnyVersion) ? errc::store_version : errc::corrupt,
                              path.string());
    }
    size = kMagic.size();
    while (size < bytes.size()) {
      const std::string_view rest = bytes.substr(size);
      const std::uint64_t length = rest.size() < kHead ? 0 : get_u64(rest);
      const bool whole = rest.size() >= kHead && length <= rest.size() - kHead && length > 0;
      if (!whole || checksum(rest.substr(kHead, length)) != get_u64(rest.substr(8)))
        return drop_tail(rest, whole ? kHead + length : rest.size());
      if (!apply_record(rest.substr(kHead, length), state))
        throw std::system_error(errc::corrupt, path.string());
      size += kHead + length;
    }
  }

  /// What a crash has left of the last save: it may be short, or hold zeros that were never
  /// written. Damage before the last record is something else.
  void drop_tail(std::string_view rest, std::size_t record) {
    const bool last = record >= rest.size() ||
                      std::ranges::all_of(rest.substr(record), [](char c) { return c == 0; });
    if (!last) throw std::system_error(errc::corrupt, path.string());
    if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0 || !sync(file.get()))
      throw_errno(path.string());
  }

  void begin() {
    if (::ftruncate(file.get(), 0) != 0 || !write_all(file.get(), kMagic, 0) || !sync(file.get()) ||
        !sync_folder())
      throw_errno(path.string());
    size = kMagic.size();
  }

  [[nodiscard]] bool sync(int fd) const { return !options.sync || ::fdatasync(fd) == 0; }
  [[nodiscard]] bool sync_folder() const {
    if (!options.sync) return true;
    const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
    const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd.get() >= 0 && ::fsync(fd.get()) == 0;
  }

  errc save(const core::ClientState& to) {
    if (failed) return errc::store_failed;
    if (to == state) return errc::ok;
    std::string change, record;
    encode_change(state, to, change);
    put_record(change, record);
    if (!write_all(file.get(), record, size)) {
      // Nothing of it counts until it is whole; what is there of it is taken back.
      const bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
      if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) failed = true;
      return full && !failed ? errc::store_full : (failed = true, errc::store_failed);
    }
    if (!sync(file.get())) return failed = true, errc::store_failed;
    size += record.size();
    state = to;
    if (size >= options.compact_bytes) compact();
    return errc::ok;
  }

  /// When it fails the old journal goes on: it says the same. But after the rename there is no way
  /// back: whether the new name survives a power loss is unknown until the folder is synced.
  void compact() {
    std::string whole, content(kMagic);
    encode_whole(state, whole);
    put_record(whole, content);
    if (size < kGrowth * content.size()) return;
    const std::filesystem::path beside = path.string() + ".new";
    try {
      Descriptor fresh = open_locked(beside, O_CREAT | O_TRUNC);
      if (!write_all(fresh.get(), content, 0) || !sync(fresh.get()) ||
          ::rename(beside.c_str(), path.c_str()) != 0) {
        ::unlink(beside.c_str());
        return;
      }
      file = std::move(fresh);
      size = content.size();
      if (!sync_folder()) failed = true;
    } catch (const std::system_error&) {
      // No place for a new one: later, perhaps.
    }
  }

  const std::filesystem::path path;
  const FilePendingStoreOptions options;
  Descriptor file;
  core::ClientState state;
  std::size_t size = 0;
  bool failed = false;
};

FilePendingStore::FilePendingStore(std::filesystem::path path, FilePendingStoreOptions options)
    : impl_(std::make_unique<Impl>(std::move(path), options)) {}
FilePendingStore::~FilePendingStore() = default;

core::ClientState FilePendingStore::load() { return impl_->state; }
errc FilePendingStore::save(const core::ClientState& state) { return impl_->save(state); }
std::size_t FilePendingStore::size() const noexcept { return impl_->size; }

}  // namespace kefu::inline v0::client
