// UploadBook: the rules by which uploads come, grow and go, and the quotas that they count to. It
// knows the uploads under way and the committed files that nobody keeps yet, and of all others only
// how much they take up; so it grows with what is going on and with the number of owners. A Files
// steps it and moves the bytes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <kefu/error.hpp>
#include <kefu/limits.hpp>
#include <kefu/model/file.hpp>
#include <kefu/result.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kefu::inline v0::core {

/// Whether `bytes` may be appended at `at` to an upload that has got to `offset`.
[[nodiscard]] constexpr errc judge_append(std::uint64_t size, std::uint64_t offset,
                                          std::uint64_t at, std::uint64_t bytes) noexcept {
  if (at != offset) return errc::conflict;
  return bytes > size - offset ? errc::too_large : errc::ok;
}

/// Threading: one thread at a time.
class UploadBook {
 public:
  /// A file that is not whole.
  struct Upload {
    FileInfo info;
    std::uint64_t offset = 0;
    Timestamp touched;             ///< when it was last written to, or announced
    std::uint64_t generation = 0;  ///< tells it from an earlier upload of the same id
    bool open = false;             ///< a sink of it is there
    bool broken = false;           ///< its bytes can't be relied on
  };
  /// A file that is whole, and to which no message refers.
  struct Unkept {
    FileInfo info;
    Timestamp since;
  };

  explicit UploadBook(limits bounds) : bounds_{bounds} {}

  /// Null: there is none.
  [[nodiscard]] Upload* find(FileId id) {
    const auto at = uploads_.find(id);
    return at == uploads_.end() ? nullptr : &at->second;
  }
  /// Null: there is none.
  [[nodiscard]] const Unkept* find_unkept(FileId id) const {
    const auto at = unkept_.find(id);
    return at == unkept_.end() ? nullptr : &at->second;
  }

  /// Whether a new upload may begin; its id is known to be nobody's.
  [[nodiscard]] errc judge(const FileInfo& info) const {
    if (info.id.is_nil() || info.conversation.is_nil()) return errc::bad_frame;
    for (const std::string* const text : {&info.owner, &info.name, &info.type, &info.metadata}) {
      const auto control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
      if (std::any_of(text->begin(), text->end(), control)) return errc::bad_frame;
    }
    if (info.name.size() > bounds_.max_file_name || info.type.size() > bounds_.max_file_type ||
        info.metadata.size() > bounds_.max_file_metadata || info.owner.size() > bounds_.max_id ||
        info.size > bounds_.max_file) {
      return errc::too_large;
    }
    const auto used = usage_.find(info.owner);
    const Usage usage = used == usage_.end() ? Usage{} : used->second;
    if (usage.uploads >= bounds_.uploads_of_participant || uploads_.size() >= bounds_.uploads) {
      return errc::overloaded;
    }
    if (!fits(info.size, usage.bytes, bounds_.file_quota)) return errc::too_large;
    return fits(info.size, total_, bounds_.files_total) ? errc::ok : errc::store_full;
  }

  /// Begins one that was judged ok, or that was found again after a restart.
  Upload& begin(FileInfo info, std::uint64_t offset, Timestamp touched) {
    count(info, 1, 1);
    const FileId id = info.id;
    Upload upload{std::move(info), offset, touched, ++generations_};
    return uploads_.insert_or_assign(id, std::move(upload)).first->second;
  }

  /// Opens a sink: the upload, until close() with its generation.
  [[nodiscard]] result<Upload> open(FileId id) {
    Upload* const upload = find(id);
    if (!upload) return errc::not_found;
    if (upload->broken) return errc::store_failed;
    if (std::exchange(upload->open, true)) return errc::conflict;
    return *upload;
  }
  /// The sink of an upload is gone.
  void close(FileId id, std::uint64_t generation, std::uint64_t offset, bool broken,
             Timestamp now) {
    Upload* const upload = find(id);
    if (!upload || upload->generation != generation) return;
    upload->offset = offset;
    upload->broken = broken;
    upload->open = false;
    upload->touched = now;
  }

  /// Whether it can be committed: its generation. Then it can't be opened until committed() or
  /// close().
  [[nodiscard]] result<std::uint64_t> begin_commit(FileId id) {
    Upload* const upload = find(id);
    if (!upload) return errc::not_found;
    if (upload->broken) return errc::store_failed;
    if (upload->open) return errc::conflict;
    if (upload->offset != upload->info.size) return errc::gap;
    upload->open = true;
    return upload->generation;
  }
  /// An upload is a file now.
  void committed(FileId id, Timestamp now) {
    const auto at = uploads_.find(id);
    if (at == uploads_.end()) return;
    FileInfo info = std::move(at->second.info);
    uploads_.erase(at);
    --usage_[info.owner].uploads;
    unkept_[id] = {std::move(info), now};
  }

  // After a restart.
  /// At the start: such a file is there.
  void found_unkept(FileInfo info, Timestamp since) {
    count(info, 1, 0);
    const FileId id = info.id;
    unkept_[id] = {std::move(info), since};
  }
  /// At the start: such a file is there.
  void found_kept(const FileInfo& info) { count(info, 1, 0); }

  /// A message refers to it.
  void kept(FileId id) { unkept_.erase(id); }
  /// Its digest is known.
  void digested(FileId id, std::string sha256) {
    const auto at = unkept_.find(id);
    if (at != unkept_.end()) at->second.info.sha256 = std::move(sha256);
  }
  /// A scanner has said something of it.
  void judged(FileId id, FileVerdict verdict) {
    const auto at = unkept_.find(id);
    if (at != unkept_.end()) at->second.info.verdict = verdict;
  }
  /// It is there no more.
  void removed(const FileInfo& info) {
    const bool growing = uploads_.erase(info.id) != 0;
    unkept_.erase(info.id);
    count(info, -1, growing ? -1 : 0);
  }

  /// When it is collected.
  [[nodiscard]] Timestamp expiry(const Upload& upload) const {
    return upload.touched + bounds_.upload_ttl;
  }
  [[nodiscard]] Timestamp expiry(const Unkept& file) const {
    return file.since + bounds_.unkept_ttl;
  }

  /// What may be collected now.
  [[nodiscard]] std::vector<FileInfo> expired(Timestamp now) const {
    std::vector<FileInfo> out;
    for (const auto& [id, upload] : uploads_) {
      if (!upload.open && expiry(upload) <= now) out.push_back(upload.info);
    }
    for (const auto& [id, file] : unkept_) {
      if (expiry(file) <= now) out.push_back(file.info);
    }
    return out;
  }

  /// Bytes of all files, announced ones included.
  [[nodiscard]] std::uint64_t total() const noexcept { return total_; }
  /// Bytes of the files of a participant, announced ones included.
  [[nodiscard]] std::uint64_t used_by(const std::string& owner) const {
    const auto at = usage_.find(owner);
    return at == usage_.end() ? 0 : at->second.bytes;
  }

 private:
  struct Usage {
    std::uint64_t bytes = 0;
    std::size_t uploads = 0;
  };

  static bool fits(std::uint64_t bytes, std::uint64_t used, std::uint64_t bound) noexcept {
    return used <= bound && bytes <= bound - used;
  }

  void count(const FileInfo& info, int files, int uploads) {
    Usage& usage = usage_[info.owner];
    if (files > 0) {
      usage.bytes += info.size;
      total_ += info.size;
    } else {
      usage.bytes -= info.size;
      total_ -= info.size;
    }
    usage.uploads += static_cast<std::size_t>(uploads);  // wraps back where it is negative
    if (usage.bytes == 0 && usage.uploads == 0) usage_.erase(info.owner);
  }

  limits bounds_;
  std::unordered_map<FileId, Upload> uploads_;
  std::unordered_map<FileId, Unkept> unkept_;
  std::unordered_map<std::string, Usage> usage_;
  std::uint64_t total_ = 0;
  std::uint64_t generations_ = 0;
};

}  // namespace kefu::inline v0::core
