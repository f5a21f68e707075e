// Files that are open: the sinks and sources of disk::Files.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <kefu/core/upload_book.hpp>
#include <kefu/disk/files.hpp>
#include <kefu/files.hpp>
#include <optional>
#include <span>
#include <utility>

#include "descriptor.hpp"
#include "digest.hpp"
#include "disk/folder.hpp"
#include "disk/write_behind.hpp"

namespace kefu::inline v0::disk {

[[nodiscard]] inline errc from_errno() noexcept {
  return errno == ENOSPC || errno == EDQUOT ? errc::store_full : errc::store_failed;
}

/// All of `bytes`, or an error.
[[nodiscard]] inline errc write_at(int file, std::uint64_t offset,
                                   std::span<const std::byte> bytes) noexcept {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return from_errno();
    offset += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return errc::ok;
}

/// Others need the system's cache more than these bytes, which are on the disk.
inline void leave_cache(int file, std::uint64_t from, std::uint64_t bytes) noexcept {
  (void)::posix_fadvise(file, static_cast<off_t>(from), static_cast<off_t>(bytes),
                        POSIX_FADV_DONTNEED);
}

/// A committed file.
class Source final : public FileSource {
 public:
  Source(Descriptor file, std::uint64_t size) noexcept : file_{std::move(file)}, size_{size} {}

  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] int descriptor() const override { return file_.get(); }

  result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    const std::uint64_t left = size_ - std::min(offset, size_);
    out = out.first(static_cast<std::size_t>(std::min<std::uint64_t>(left, out.size())));
    std::size_t done = 0;
    while (done != out.size()) {
      const ssize_t n = ::pread(file_.get(), out.data() + done, out.size() - done,
                                static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errc::store_failed;
      if (n == 0) return errc::corrupt;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }

 private:
  Descriptor file_;
  std::uint64_t size_;
};

/// A digest of the first `bytes` bytes.
struct RunningDigest {
  Digest digest;
  std::uint64_t bytes = 0;
};

/// An upload. It calls back whoever holds what it closes.
template <class Owner>
class Sink final : public FileSink {
 public:
  Sink(Owner& owner, const core::UploadBook::Upload& upload, Descriptor file,
       std::optional<RunningDigest> digest, const FilesOptions& options)
      : owner_{owner},
        file_{std::move(file)},
        digest_{std::move(digest)},
        id_{upload.info.id},
        generation_{upload.generation},
        size_{upload.info.size},
        offset_{upload.offset},
        behind_{options.write_behind, options.cached, upload.offset} {}
  ~Sink() override {
    (void)stamp(file_.get(), owner_.now());
    owner_.close(id_, generation_, offset_, broken_, std::move(digest_));
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  [[nodiscard]] std::uint64_t offset() const override { return offset_; }
  [[nodiscard]] int descriptor() const override { return digest_ || broken_ ? -1 : file_.get(); }
  void advance(std::uint64_t bytes) override {
    assert(!digest_ && bytes <= size_ - offset_);
    offset_ += bytes;
    send_behind();
  }

  result<std::uint64_t> write(std::span<const std::byte> bytes) override {
    if (broken_) return errc::store_failed;
    const errc judged = core::judge_append(size_, offset_, offset_, bytes.size());
    if (judged != errc::ok) return judged;
    const errc written = write_at(file_.get(), offset_, bytes);
    if (written != errc::ok) {
      // What is beyond the offset would count after a restart.
      if (!truncate(offset_) || written == errc::store_failed) broken_ = true;
      return written;
    }
    offset_ += bytes.size();
    if (digest_) {
      digest_->digest.update(bytes);
      digest_->bytes += bytes.size();
    }
    send_behind();
    return offset_;
  }

  errc rewind(std::uint64_t offset) override {
    if (broken_) return errc::store_failed;
    if (offset > offset_) return errc::conflict;
    if (offset != offset_) digest_.reset();
    if (!truncate(offset)) broken_ = true;
    offset_ = offset;
    behind_.rewind(offset);
    return broken_ ? errc::store_failed : errc::ok;
  }

 private:
  bool truncate(std::uint64_t to) noexcept {
    return ::ftruncate(file_.get(), static_cast<off_t>(to)) == 0;
  }
  void send_behind() noexcept {
    constexpr unsigned kWait =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    while (const std::optional<WriteBehind::Step> step = behind_.next(offset_)) {
      send_piece(step->begin, SYNC_FILE_RANGE_WRITE);
      if (step->wait) send_piece(*step->wait, kWait);
      if (step->drop) leave_cache(file_.get(), *step->drop, behind_.piece());
    }
  }
  /// Whether it worked doesn't matter: what makes a file durable is its commit.
  void send_piece(std::uint64_t from, unsigned how) const noexcept {
    (void)::sync_file_range(file_.get(), static_cast<off64_t>(from),
                            static_cast<off64_t>(behind_.piece()), how);
  }

  Owner& owner_;
  Descriptor file_;
  std::optional<RunningDigest> digest_;
  FileId id_;
  std::uint64_t generation_;
  std::uint64_t size_;
  std::uint64_t offset_;
  WriteBehind behind_;
  bool broken_ = false;
};

}  // namespace kefu::inline v0::disk
