// Assignment: who has a conversation, who is asked, and where it stands in the queue. A part of the
// conversation's record; the other half, the slots, is in the records of the agents.
#pragma once

#include <cstdint>
#include <kefu/model/enum_name.hpp>
#include <kefu/model/time.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0 {

/// One agent is asked and has until `expires_at` to accept.
struct Offer {
  std::string agent;
  Timestamp expires_at;

  friend bool operator==(const Offer&, const Offer&) = default;
};

/// An agent who said no, or nothing: the router does not ask again before `until`.
struct Declined {
  std::string agent;
  Timestamp until;

  friend bool operator==(const Declined&, const Declined&) = default;
};

/// What happens to an assignment.
enum class AssignmentStep : std::uint8_t {
  queued,
  offered,
  accepted,
  declined,
  expired,      ///< the offer ran out
  withdrawn,    ///< the agent to whom it was offered has gone
  released,     ///< the owner gave it back
  returned,     ///< the owner was away for longer than the grace period
  transferred,  ///< to another agent or department
  taken_over,
  held,        ///< paused …
  resumed,     ///< … and gone on with
  overflowed,  ///< waited too long, and waits in another department now
  resolved,
  closed,
  reopened,
  ended,  ///< abandoned; in older records resolved and closed too
};

[[nodiscard]] constexpr std::string_view name(AssignmentStep step) noexcept {
  constexpr std::string_view kNames[] = {
      "queued",     "offered",  "accepted",    "declined",   "expired", "withdrawn",
      "released",   "returned", "transferred", "taken_over", "held",    "resumed",
      "overflowed", "resolved", "closed",      "reopened",   "ended"};
  return kNames[static_cast<std::size_t>(step)];
}
[[nodiscard]] constexpr AssignmentStep last_of(AssignmentStep) noexcept {
  return AssignmentStep::ended;
}

/// A step of an assignment, with its time.
struct AssignmentEvent {
  std::uint64_t epoch = 0;
  AssignmentStep step = AssignmentStep::queued;
  std::string agent;  ///< whom it is about; may be empty
  std::string by;     ///< who did it; empty: kefu
  Timestamp at;

  friend bool operator==(const AssignmentEvent&, const AssignmentEvent&) = default;
};

struct Assignment {
  std::uint64_t epoch = 0;               ///< one more with each step
  std::optional<Offer> offer;            ///< exactly while the conversation is `offered`
  std::vector<Declined> declined;        ///< since it was queued
  Timestamp waiting_since;               ///< `queued`, `offered`: its place in the queue
  bool returned = false;                 ///< waits before all who have not been served yet
  std::string preferred;                 ///< the agent who had it before; may be empty
  std::optional<Timestamp> asked_until;  ///< the host was asked who shall have it
  std::vector<AssignmentEvent> history;  ///< the last kHistory steps, oldest first

  /// Every step is an entry of a log as well; the record keeps what a desk shows at a glance.
  static constexpr std::size_t kHistory = 32;

  friend bool operator==(const Assignment&, const Assignment&) = default;
};

}  // namespace kefu::inline v0
