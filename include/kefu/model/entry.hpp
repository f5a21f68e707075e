// Entry: one numbered item of a conversation's log. Messages and every durable change are entries,
// so a client that reads the log has everything.
#pragma once

#include <cstdint>
#include <kefu/model/contains.hpp>
#include <kefu/model/id.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/model/time.hpp>
#include <string>
#include <string_view>

namespace kefu::inline v0 {

/// A conversation has two logs, each with a dense `seq` of its own. Only staff read and write
/// `internal`.
enum class Log : std::uint8_t { public_log, internal };

[[nodiscard]] constexpr std::string_view name(Log log) noexcept {
  return log == Log::public_log ? "public" : "internal";
}

/// Which send made an entry. A client that finds its own origin in the log knows that a pending
/// send was stored.
struct Origin {
  SessionId session;
  std::uint64_t cseq = 0;

  friend bool operator==(const Origin&, const Origin&) = default;
};

/// Entry kinds that kefu itself writes; hosts may use any others of up to limits::max_kind bytes.
namespace kind {
inline constexpr std::string_view kText = "text";  ///< a message; `body` is plain text
inline constexpr std::string_view kFile = "file";  ///< a message; `body` is a FileId
// Durable changes, which only kefu writes. `body` is …
inline constexpr std::string_view kOpened = "opened";  ///< the department
inline constexpr std::string_view kQueued = "queued";  ///< the department in which it waits again
inline constexpr std::string_view kAssigned = "assigned";    ///< the agent's id
inline constexpr std::string_view kJoined = "joined";        ///< the agent's id
inline constexpr std::string_view kLeft = "left";            ///< the agent's id
inline constexpr std::string_view kHeld = "held";            ///< who held it
inline constexpr std::string_view kResumed = "resumed";      ///< who resumed it; empty: its timer
inline constexpr std::string_view kResolved = "resolved";    ///< who resolved it
inline constexpr std::string_view kReopened = "reopened";    ///< who reopened it
inline constexpr std::string_view kClosed = "closed";        ///< who closed it; empty: its timer
inline constexpr std::string_view kAbandoned = "abandoned";  ///< empty
inline constexpr std::string_view kChanged = "changed";      ///< the state or field of a ticket
inline constexpr std::string_view kSla = "sla";  ///< "warned", "breached" or "met", and the target
inline constexpr std::string_view kRecalled =
    "recalled";  ///< the `seq` of a message that was taken back
inline constexpr std::string_view kTicketed =
    "ticketed";  ///< the ticket that it is, opened while its department was closed
inline constexpr std::string_view kMerged =
    "merged";  ///< the former id of its visitor: what that one wrote is the visitor's own
inline constexpr std::string_view kContinued =
    "continued";  ///< the conversation in which it goes on; it is closed
inline constexpr std::string_view kReserved[] = {
    kOpened, kQueued,    kAssigned, kJoined, kLeft,     kHeld,     kResumed, kResolved, kReopened,
    kClosed, kAbandoned, kChanged,  kSla,    kRecalled, kTicketed, kMerged,  kContinued};
}  // namespace kind

/// True for the kinds that only kefu may write: a client that sends one is refused.
[[nodiscard]] constexpr bool is_reserved_kind(std::string_view text) noexcept {
  return detail::contains(kind::kReserved, text);
}

struct Entry {
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t seq = 0;    ///< 1, 2, 3 … in its log, without gaps
  std::uint64_t after = 0;  ///< internal entries: the public `seq` behind which it stands
  std::string from;         ///< the participant's id; empty for the system
  Role role = Role::bot;    ///< the participant's role when it was written
  Origin origin;            ///< nil session for entries that no client's send made
  std::string kind;
  std::string body;
  std::string tags;  ///< what policies left, mostly nothing (model/verdict.hpp)
  Timestamp at;

  friend bool operator==(const Entry&, const Entry&) = default;
};

}  // namespace kefu::inline v0
