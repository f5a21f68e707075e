#include <kefu/disk/files.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <kefu/core/upload_book.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "digest.hpp"
#include "disk/folder.hpp"
#include "disk/open_file.hpp"
#include "work_thread.hpp"

namespace kefu::inline v0::disk {
namespace {

constexpr std::size_t kDigestPart = 64 * 1024;  // bytes read at a time

}  // namespace

struct Files::Impl {
  Impl(const std::filesystem::path& path, FilesOptions from);
  ~Impl();

  void find_all();
  [[nodiscard]] Timestamp now() const { return clock->now(); }
  [[nodiscard]] result<std::optional<FileStatus>> status(FileId id);
  result<FileStatus> create(FileInfo info);
  result<std::unique_ptr<FileSink>> resume(FileId id);
  void commit(FileId id, Completion<result<FileInfo>> done);
  [[nodiscard]] bool sync(FileId id) const;
  result<FileInfo> publish(FileId id, std::uint64_t generation, bool synced);
  result<std::unique_ptr<FileSource>> open(FileId id);
  result<FileInfo> keep(FileId id);
  result<FileInfo> judged(FileId id, FileVerdict verdict);
  errc remove(FileId id);
  result<std::size_t> collect();
  void close(FileId id, std::uint64_t generation, std::uint64_t offset, bool broken,
             std::optional<RunningDigest> digest);
  void digest_later(FileId id);
  void make_digest(FileId id);

  const FilesOptions options;
  const SystemClock system_clock;
  const Clock* const clock;
  Folder folder;
  std::mutex mutex;
  core::UploadBook book;                                // guarded by the mutex
  std::unordered_map<FileId, RunningDigest> digesting;  // guarded by it too: of closed sinks
  std::atomic<bool> ending{false};
  // Everything that changes the folder happens on the first; what takes long has its own.
  WorkThread hands, syncer, digester;
};

Files::Impl::Impl(const std::filesystem::path& path, FilesOptions from)
    : options{from},
      clock{from.clock ? from.clock : &system_clock},
      folder{path},
      book{from.limits} {
  find_all();
}

/// What is under way ends in turn: the hands may still give the syncer something, and what the
/// syncer gives back is done at once.
Files::Impl::~Impl() {
  ending = true;
  hands.end();
  syncer.end();
  digester.end();
}

void Files::Impl::find_all() {
  const std::lock_guard lock{mutex};  // the digester begins at once
  const bool restarted = folder.restarted();
  bool all_emptied = true;
  for (Folder::Found& found : folder.find_all()) {
    const FileId id = found.info.id;
    const bool undigested = options.digest != DigestWhen::never && !found.info.sha256;
    if (found.state == FileState::growing) {
      // Power loss may have left bytes that nobody wrote.
      if (restarted || found.size > found.info.size) {
        const Descriptor file = folder.open(id, FileState::growing, true);
        const bool emptied = file && ::ftruncate(file.get(), 0) == 0 && ::fsync(file.get()) == 0;
        all_emptied = all_emptied && emptied;
        book.begin(std::move(found.info), 0, found.touched).broken = !emptied;
      } else {
        book.begin(std::move(found.info), found.size, found.touched);
      }
      continue;
    }
    if (found.state == FileState::kept) {
      book.found_kept(found.info);
    } else {
      book.found_unkept(std::move(found.info), found.touched);
    }
    if (undigested) digest_later(id);
  }
  // Not before nothing unsynced is left. If it fails, the next start empties uploads once more.
  if (restarted && all_emptied) (void)folder.note_boot();
}

result<std::optional<FileStatus>> Files::Impl::status(FileId id) {
  using Known = std::optional<FileStatus>;
  {
    const std::lock_guard lock{mutex};
    if (const auto* const upload = book.find(id)) {
      return Known{
          FileStatus{upload->info, FileState::growing, upload->offset, book.expiry(*upload)}};
    }
    if (const auto* const file = book.find_unkept(id)) {
      return Known{
          FileStatus{file->info, FileState::committed, file->info.size, book.expiry(*file)}};
    }
  }
  auto found = folder.find(id);
  if (!found) return found.error();
  if (!*found || (*found)->state != FileState::kept) return Known{};
  FileInfo& info = (*found)->info;
  const std::uint64_t size = info.size;
  return Known{FileStatus{std::move(info), FileState::kept, size, {}}};
}

result<FileStatus> Files::Impl::create(FileInfo info) {
  info.sha256.reset();
  auto known = status(info.id);
  if (!known) return known.error();
  if (*known) {
    if (!(*known)->info.announces(info)) return errc::conflict;
    return **std::move(known);
  }
  {
    const std::lock_guard lock{mutex};
    const errc judged = book.judge(info);
    if (judged != errc::ok) return judged;
  }
  if (!folder.write_info(info) || !folder.make(info.id, info.size, now())) {
    const errc why = from_errno();
    folder.discard(info.id);
    return why;
  }
  const std::lock_guard lock{mutex};
  const auto& upload = book.begin(std::move(info), 0, now());
  return FileStatus{upload.info, FileState::growing, 0, book.expiry(upload)};
}

result<std::unique_ptr<FileSink>> Files::Impl::resume(FileId id) {
  std::optional<RunningDigest> digest;
  const auto opened = [&]() -> result<core::UploadBook::Upload> {
    const std::lock_guard lock{mutex};
    auto upload = book.open(id);
    if (!upload || options.digest != DigestWhen::streaming) return upload;
    if (auto known = digesting.extract(id); known && known.mapped().bytes == upload->offset) {
      digest = std::move(known.mapped());
    } else if (upload->offset == 0) {
      digest.emplace();
    }
    return upload;
  }();
  if (!opened) return opened.error();
  Descriptor file = folder.open(id, FileState::growing, true);
  if (!file) {
    close(id, opened->generation, opened->offset, false, std::move(digest));
    return errc::store_failed;
  }
  return std::unique_ptr<FileSink>{
      std::make_unique<Sink<Impl>>(*this, *opened, std::move(file), std::move(digest), options)};
}

void Files::Impl::close(FileId id, std::uint64_t generation, std::uint64_t offset, bool broken,
                        std::optional<RunningDigest> digest) {
  const std::lock_guard lock{mutex};
  const auto* const upload = book.find(id);
  if (!upload || upload->generation != generation) return;
  book.close(id, generation, offset, broken, now());
  if (digest) digesting.insert_or_assign(id, *std::move(digest));
}

void Files::Impl::commit(FileId id, Completion<result<FileInfo>> done) {
  auto known = status(id);
  if (!known) return done(known.error());
  if (*known && (*known)->state != FileState::growing) return done(std::move((*known)->info));
  const auto begun = [&] {
    const std::lock_guard lock{mutex};
    return book.begin_commit(id);
  }();
  if (!begun) return done(begun.error());
  syncer.post([this, id, generation = *begun, done = std::move(done)]() mutable {
    const bool synced = sync(id);
    hands.post([this, id, generation, synced, done = std::move(done)]() mutable {
      done(publish(id, generation, synced));
    });
  });
}

bool Files::Impl::sync(FileId id) const {
  const Descriptor file = folder.open(id, FileState::growing, true);
  if (!file) return false;
  return stamp(file.get(), now()) && ::fsync(file.get()) == 0;
}

result<FileInfo> Files::Impl::publish(FileId id, std::uint64_t generation, bool synced) {
  FileInfo info;
  {
    const std::lock_guard lock{mutex};
    core::UploadBook::Upload* const upload = book.find(id);
    if (!upload || upload->generation != generation) return errc::not_found;  // it was removed
    if (!synced) {
      book.close(id, generation, upload->offset, true, upload->touched);
      return errc::store_failed;
    }
    const auto running = digesting.extract(id);
    if (running && running.mapped().bytes == upload->info.size) {
      upload->info.sha256 = to_hex(running.mapped().digest.finish());
    }
    info = upload->info;
  }
  const bool told = !info.sha256 || folder.write_info(info);
  const bool moved = told && folder.move(id, FileState::growing, FileState::committed);
  const std::lock_guard lock{mutex};
  if (!moved) {
    book.close(id, generation, info.size, true, now());
    return errc::store_failed;
  }
  book.committed(id, now());
  if (!info.sha256 && options.digest != DigestWhen::never) digest_later(id);
  return info;
}

result<std::unique_ptr<FileSource>> Files::Impl::open(FileId id) {
  const auto known = status(id);
  if (!known) return known.error();
  if (!*known || (*known)->state == FileState::growing) return errc::not_found;
  Descriptor file = folder.open(id, (*known)->state, false);
  if (!file) return errc::store_failed;
  return std::unique_ptr<FileSource>{
      std::make_unique<Source>(std::move(file), (*known)->info.size)};
}

result<FileInfo> Files::Impl::keep(FileId id) {
  auto known = status(id);
  if (!known) return known.error();
  if (!*known || (*known)->state == FileState::growing) return errc::not_found;
  if ((*known)->state == FileState::kept) return std::move((*known)->info);
  if (!folder.move(id, FileState::committed, FileState::kept)) return errc::store_failed;
  const std::lock_guard lock{mutex};
  book.kept(id);
  return std::move((*known)->info);
}

result<FileInfo> Files::Impl::judged(FileId id, FileVerdict verdict) {
  auto known = status(id);
  if (!known) return known.error();
  if (!*known || (*known)->state == FileState::growing) return errc::not_found;
  FileInfo& info = (*known)->info;
  if (info.verdict != FileVerdict::none) return std::move(info);
  info.verdict = verdict;
  if (!folder.write_info(info)) return errc::store_failed;
  const std::lock_guard lock{mutex};
  book.judged(id, verdict);
  return std::move(info);
}

errc Files::Impl::remove(FileId id) {
  const auto known = status(id);
  if (!known) return known.error();
  if (!*known) return errc::ok;
  if (!folder.remove(id)) return errc::store_failed;
  const std::lock_guard lock{mutex};
  digesting.erase(id);
  book.removed((*known)->info);
  return errc::ok;
}

result<std::size_t> Files::Impl::collect() {
  std::vector<FileInfo> expired;
  {
    const std::lock_guard lock{mutex};
    expired = book.expired(now());
  }
  for (const FileInfo& info : expired) {
    const errc removed = remove(info.id);
    if (removed != errc::ok) return removed;
  }
  return expired.size();
}

void Files::Impl::digest_later(FileId id) {
  digester.post([this, id] { make_digest(id); });
}

/// An open file can be read to its end wherever it is moved, so nothing waits for this.
void Files::Impl::make_digest(FileId id) {
  if (ending) return;
  auto source = open(id);
  if (!source) source = open(id);  // it may have been kept between the look and the opening
  if (!source) return;
  std::string part(kDigestPart, '\0');
  const auto bytes = std::as_writable_bytes(std::span{part});
  Digest digest;
  for (std::uint64_t at = 0; at != (*source)->size();) {
    const auto read = (*source)->read_at(at, bytes);
    if (!read || ending) return;  // the next start makes it
    digest.update(bytes.first(*read));
    if ((*source)->size() - at > options.cached) leave_cache((*source)->descriptor(), at, *read);
    at += *read;
    std::this_thread::yield();  // to messages
  }
  hands.post([this, id, sha256 = to_hex(digest.finish())] {
    auto known = status(id);
    if (!known || !*known) return;
    (*known)->info.sha256 = sha256;
    if (!folder.write_info((*known)->info)) return;
    const std::lock_guard lock{mutex};
    book.digested(id, sha256);
  });
}

Files::Files(std::filesystem::path folder, FilesOptions options)
    : impl_{std::make_unique<Impl>(folder, options)} {}

Files::~Files() = default;

void Files::create(FileInfo info, Completion<result<FileStatus>> done) {
  impl_->hands.post([impl = impl_.get(), info = std::move(info), done = std::move(done)]() mutable {
    done(impl->create(std::move(info)));
  });
}

void Files::status(FileId id, Completion<result<FileStatus>> done) {
  impl_->hands.post([impl = impl_.get(), id, done = std::move(done)]() mutable {
    auto known = impl->status(id);
    if (!known) return done(known.error());
    if (!*known) return done(errc::not_found);
    done(**std::move(known));
  });
}

void Files::resume(FileId id, Completion<result<std::unique_ptr<FileSink>>> done) {
  impl_->hands.post(
      [impl = impl_.get(), id, done = std::move(done)]() mutable { done(impl->resume(id)); });
}

void Files::commit(FileId id, Completion<result<FileInfo>> done) {
  impl_->hands.post([impl = impl_.get(), id, done = std::move(done)]() mutable {
    impl->commit(id, std::move(done));
  });
}

void Files::open(FileId id, Completion<result<std::unique_ptr<FileSource>>> done) {
  impl_->hands.post(
      [impl = impl_.get(), id, done = std::move(done)]() mutable { done(impl->open(id)); });
}

void Files::keep(FileId id, Completion<result<FileInfo>> done) {
  impl_->hands.post(
      [impl = impl_.get(), id, done = std::move(done)]() mutable { done(impl->keep(id)); });
}

void Files::judged(FileId id, FileVerdict verdict, Completion<result<FileInfo>> done) {
  impl_->hands.post([impl = impl_.get(), id, verdict, done = std::move(done)]() mutable {
    done(impl->judged(id, verdict));
  });
}

void Files::remove(FileId id, Completion<errc> done) {
  impl_->hands.post(
      [impl = impl_.get(), id, done = std::move(done)]() mutable { done(impl->remove(id)); });
}

void Files::collect(Completion<result<std::size_t>> done) {
  impl_->hands.post(
      [impl = impl_.get(), done = std::move(done)]() mutable { done(impl->collect()); });
}

}  // namespace kefu::inline v0::disk
