#include <kefu/memory/files.hpp>

#include <algorithm>
#include <cstring>
#include <kefu/core/upload_book.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace kefu::inline v0::memory {
namespace {

/// Sources keep it beyond the file.
using Content = std::shared_ptr<std::string>;

class Source final : public FileSource {
 public:
  explicit Source(Content content) noexcept : content_{std::move(content)} {}

  [[nodiscard]] std::uint64_t size() const override { return content_->size(); }
  result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    const std::uint64_t from = std::min<std::uint64_t>(offset, content_->size());
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), content_->size() - from));
    if (count != 0) std::memcpy(out.data(), content_->data() + from, count);
    return count;
  }

 private:
  Content content_;
};

template <class Owner>
class Sink final : public FileSink {
 public:
  Sink(Owner& owner, const core::UploadBook::Upload& upload, Content content)
      : owner_{owner},
        content_{std::move(content)},
        id_{upload.info.id},
        generation_{upload.generation},
        size_{upload.info.size} {}
  ~Sink() override { owner_.close(id_, generation_, content_->size()); }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  [[nodiscard]] std::uint64_t offset() const override { return content_->size(); }
  result<std::uint64_t> write(std::span<const std::byte> bytes) override {
    const errc judged = core::judge_append(size_, offset(), offset(), bytes.size());
    if (judged != errc::ok) return judged;
    content_->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return offset();
  }
  errc rewind(std::uint64_t offset) override {
    if (offset > content_->size()) return errc::conflict;
    content_->resize(static_cast<std::size_t>(offset));
    return errc::ok;
  }

 private:
  Owner& owner_;
  Content content_;
  FileId id_;
  std::uint64_t generation_;
  std::uint64_t size_;
};

}  // namespace

struct Files::Impl {
  Impl(const Clock& by, limits bounds) : clock{by}, book{bounds} {}

  void close(FileId id, std::uint64_t generation, std::uint64_t offset) {
    const std::lock_guard lock{mutex};
    book.close(id, generation, offset, false, clock.now());
  }

  // The rest with the mutex held.
  [[nodiscard]] std::optional<FileStatus> status(FileId id) {
    if (const auto* const upload = book.find(id)) {
      // Of an open one, what it was: its sink writes without the mutex.
      return FileStatus{upload->info, FileState::growing, upload->offset, book.expiry(*upload)};
    }
    if (const auto* const file = book.find_unkept(id)) {
      return FileStatus{file->info, FileState::committed, file->info.size, book.expiry(*file)};
    }
    const auto at = kept.find(id);
    if (at == kept.end()) return std::nullopt;
    return FileStatus{at->second, FileState::kept, at->second.size, {}};
  }
  result<FileStatus> create(FileInfo info) {
    info.sha256.reset();
    if (auto known = status(info.id)) {
      if (!known->info.announces(info)) return errc::conflict;
      return *std::move(known);
    }
    const errc judged = book.judge(info);
    if (judged != errc::ok) return judged;
    contents[info.id] = std::make_shared<std::string>();
    const auto& upload = book.begin(std::move(info), 0, clock.now());
    return FileStatus{upload.info, FileState::growing, 0, book.expiry(upload)};
  }
  result<FileInfo> commit(FileId id) {
    if (auto known = status(id); known && known->state != FileState::growing) return known->info;
    const auto begun = book.begin_commit(id);
    if (!begun) return begun.error();
    book.committed(id, clock.now());
    return book.find_unkept(id)->info;
  }
  result<FileInfo> keep(FileId id) {
    auto known = status(id);
    if (!known || known->state == FileState::growing) return errc::not_found;
    kept.emplace(id, known->info);
    book.kept(id);
    return std::move(known->info);
  }
  result<FileInfo> judged(FileId id, FileVerdict verdict) {
    auto known = status(id);
    if (!known || known->state == FileState::growing) return errc::not_found;
    if (known->info.verdict != FileVerdict::none) return std::move(known->info);
    book.judged(id, verdict);
    if (const auto at = kept.find(id); at != kept.end()) at->second.verdict = verdict;
    known->info.verdict = verdict;
    return std::move(known->info);
  }
  void remove(FileId id) {
    const auto known = status(id);
    if (!known) return;
    book.removed(known->info);
    kept.erase(id);
    contents.erase(id);
  }

  const Clock& clock;
  std::mutex mutex;
  core::UploadBook book;
  std::unordered_map<FileId, FileInfo> kept;
  std::unordered_map<FileId, Content> contents;
};

Files::Files(const Clock& clock, limits bounds) : impl_{std::make_unique<Impl>(clock, bounds)} {}
Files::~Files() = default;

void Files::create(FileInfo info, Completion<result<FileStatus>> done) {
  auto created = [&] {
    const std::lock_guard lock{impl_->mutex};
    return impl_->create(std::move(info));
  }();
  done(std::move(created));
}

void Files::status(FileId id, Completion<result<FileStatus>> done) {
  auto known = [&] {
    const std::lock_guard lock{impl_->mutex};
    return impl_->status(id);
  }();
  if (!known) return done(errc::not_found);
  done(*std::move(known));
}

void Files::resume(FileId id, Completion<result<std::unique_ptr<FileSink>>> done) {
  Content content;
  const auto upload = [&] {
    const std::lock_guard lock{impl_->mutex};
    auto opened = impl_->book.open(id);
    if (opened) content = impl_->contents[id];
    return opened;
  }();
  if (!upload) return done(upload.error());
  done(std::unique_ptr<FileSink>{std::make_unique<Sink<Impl>>(*impl_, *upload, content)});
}

void Files::commit(FileId id, Completion<result<FileInfo>> done) {
  auto committed = [&] {
    const std::lock_guard lock{impl_->mutex};
    return impl_->commit(id);
  }();
  done(std::move(committed));
}

void Files::open(FileId id, Completion<result<std::unique_ptr<FileSource>>> done) {
  const Content content = [&]() -> Content {
    const std::lock_guard lock{impl_->mutex};
    const auto known = impl_->status(id);
    if (!known || known->state == FileState::growing) return nullptr;
    return impl_->contents[id];
  }();
  if (!content) return done(errc::not_found);
  done(std::unique_ptr<FileSource>{std::make_unique<Source>(content)});
}

void Files::keep(FileId id, Completion<result<FileInfo>> done) {
  auto kept = [&] {
    const std::lock_guard lock{impl_->mutex};
    return impl_->keep(id);
  }();
  done(std::move(kept));
}

void Files::judged(FileId id, FileVerdict verdict, Completion<result<FileInfo>> done) {
  auto noted = [&] {
    const std::lock_guard lock{impl_->mutex};
    return impl_->judged(id, verdict);
  }();
  done(std::move(noted));
}

void Files::remove(FileId id, Completion<errc> done) {
  {
    const std::lock_guard lock{impl_->mutex};
    impl_->remove(id);
  }
  done(errc::ok);
}

void Files::collect(Completion<result<std::size_t>> done) {
  std::size_t count = 0;
  {
    const std::lock_guard lock{impl_->mutex};
    for (const FileInfo& info : impl_->book.expired(impl_->clock.now())) {
      impl_->remove(info.id);
      ++count;
    }
  }
  done(count);
}

}  // namespace kefu::inline v0::memory
