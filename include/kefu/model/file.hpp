// Files as they are known by: what was announced, and how far they have got.
#pragma once

#include <cstdint>
#include <kefu/model/id.hpp>
#include <kefu/model/time.hpp>
#include <optional>
#include <string>

namespace kefu::inline v0 {

/// What a scanner says of a file, see <kefu/file_scan.hpp>.
enum class FileVerdict : std::uint8_t {
  none,     ///< nobody has judged it
  pending,  ///< somebody is about to; until then it can't be read
  clean,
  refused,  ///< it can't be read
};

/// What is known of a file.
struct FileInfo {
  FileId id;                               ///< made by whoever uploads, like all ids
  ConversationId conversation;             ///< to whose participants it belongs
  std::string owner;                       ///< the participant who uploads, for quotas
  std::string name;                        ///< as the uploader calls it; never used as a path
  std::string type;                        ///< media type, as the uploader says; may be empty
  std::uint64_t size = 0;                  ///< bytes, announced at creation
  std::optional<std::string> sha256 = {};  ///< lower-case hex, once known
  FileVerdict verdict = FileVerdict::none;
  std::string metadata = {};  ///< what else its uploader told, as it was given; of no meaning here

  /// Whether both were announced alike.
  [[nodiscard]] bool announces(const FileInfo& other) const {
    return id == other.id && conversation == other.conversation && owner == other.owner &&
           name == other.name && type == other.type && size == other.size;
  }
};

/// How far a file has got.
enum class FileState : std::uint8_t {
  growing,    ///< an upload; it may be resumed until it expires
  committed,  ///< whole and unchangeable; collected unless it is kept in time
  kept,       ///< referred to: only remove() takes it away
};

/// How far an upload has got.
struct FileStatus {
  FileInfo info;
  FileState state = FileState::growing;
  std::uint64_t offset = 0;  ///< bytes from 0 that are there
  Timestamp expires_at;      ///< unless something happens until then; of no meaning once kept
};

}  // namespace kefu::inline v0
