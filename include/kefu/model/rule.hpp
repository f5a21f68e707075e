// Rule and Refusal: why the desk did not do what it was asked. Every refused operation names the
// rule that forbids it; the errc is what a client may act on.
#pragma once

#include <cstdint>
#include <kefu/error.hpp>
#include <kefu/model/enum_name.hpp>
#include <string_view>

namespace kefu::inline v0 {

/// Which rule of the desk forbids a change.
enum class Rule : std::uint8_t {
  none,
  exists,       ///< there is no such conversation, agent or ticket
  state_table,  ///< the state table has no such step
  version,      ///< the record has changed since the caller read it
  epoch,        ///< the assignment has changed since the caller saw it
  owner,        ///< only the owner may do this
  member,       ///< only somebody in the conversation may do this
  offered,      ///< there is no offer to this agent
  taken,        ///< another agent has it
  capacity,     ///< the agent has no free slot
  presence,     ///< the agent is not there, or takes nothing now
  department,   ///< the agent does not serve the department
  one_open,     ///< the visitor has an open conversation in that department
  itself,       ///< source and target are the same
  too_early,    ///< its time has not come
  lease,        ///< this node's own lease is not old enough to judge others
  author,       ///< only who wrote it may do this
  message,      ///< it is no message, but a change that kefu wrote
  too_late,     ///< its time is over
  banned,       ///< this identity or address may not come in
  contention,   ///< it lost too many races in a row; nothing was changed
};

[[nodiscard]] constexpr std::string_view name(Rule rule) noexcept {
  constexpr std::string_view kNames[] = {
      "none",      "exists", "state_table", "version",  "epoch",      "owner",    "member",
      "offered",   "taken",  "capacity",    "presence", "department", "one_open", "itself",
      "too_early", "lease",  "author",      "message",  "too_late",   "banned",   "contention"};
  return kNames[static_cast<std::size_t>(rule)];
}
[[nodiscard]] constexpr Rule last_of(Rule) noexcept { return Rule::contention; }

/// What a client is told when the rule forbids what it asked.
[[nodiscard]] constexpr errc code_of(Rule rule) noexcept {
  switch (rule) {
    case Rule::none:
      return errc::ok;
    case Rule::exists:
      return errc::not_found;
    case Rule::owner:
    case Rule::member:
    case Rule::department:
    case Rule::author:
    case Rule::banned:
      return errc::denied;
    case Rule::itself:
      return errc::bad_frame;
    case Rule::contention:
      return errc::unavailable;
    default:
      return errc::conflict;
  }
}

}  // namespace kefu::inline v0
