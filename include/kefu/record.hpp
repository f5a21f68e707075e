// Records: what a Store keeps beside the logs. Opaque bytes with a version and index keys; kefu's
// are JSON, so that a host can look at them with its own tools.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0 {

/// What a record is about. A Store takes it for a number.
enum class RecordKind : std::uint8_t {
  conversation,
  open_conversation,
  agent,
  department,
  ticket,
  file,
  timer,
  cursor,
  ban,
  contact
};

[[nodiscard]] constexpr std::string_view name(RecordKind kind) noexcept {
  switch (kind) {
    case RecordKind::conversation:
      return "conversation";
    case RecordKind::open_conversation:
      return "open_conversation";
    case RecordKind::agent:
      return "agent";
    case RecordKind::department:
      return "department";
    case RecordKind::ticket:
      return "ticket";
    case RecordKind::file:
      return "file";
    case RecordKind::timer:
      return "timer";
    case RecordKind::cursor:
      return "cursor";
    case RecordKind::ban:
      return "ban";
    case RecordKind::contact:
      return "contact";
  }
  return "unknown";
}

/// Names a record. The id of a conversation's record is the text form of its ConversationId.
struct RecordKey {
  RecordKind kind = RecordKind::conversation;
  std::string id;

  friend auto operator<=>(const RecordKey&, const RecordKey&) = default;
};

/// A record is found by scan() under each of its index keys; they are replaced with each change.
struct IndexKey {
  std::string index;
  std::string key;

  friend auto operator<=>(const IndexKey&, const IndexKey&) = default;
};

/// A versioned value with the keys by which it is found.
struct Record {
  RecordKey key;
  std::uint64_t version = 0;  ///< 1 when created, and one more with each change
  std::string value;
};

/// One step of a Commit: creates, replaces or removes a record. Without a value and expected to be
/// absent it only says that no such record may be there, nor come about at the same time.
struct Change {
  RecordKey key;
  std::uint64_t expected = 0;        ///< the version it must have now; 0: it must be absent
  std::optional<std::string> value;  ///< nothing: remove the record
  std::vector<IndexKey> index;
};

}  // namespace kefu::inline v0
