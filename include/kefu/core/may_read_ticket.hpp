// may_read_ticket: whose ticket it is to read, and so to comment and to change. Where it isn't, it
// is as if there were none.
#pragma once

#include <algorithm>
#include <kefu/model/participant.hpp>
#include <kefu/model/ticket.hpp>
#include <string>
#include <vector>

namespace kefu::inline v0::core {

/// Visitors those that they asked for, and of these the public log alone; agents those of the
/// departments that they serve (none: all), those of no department, and their own; bots their own;
/// supervisors all. Nobody in `by` is kefu itself, or the host.
[[nodiscard]] inline bool may_read_ticket(const Ticket& ticket, const Participant& by,
                                          const std::vector<std::string>& departments) {
  if (by.id.empty() || by.role == Role::supervisor) return true;
  if (by.role == Role::visitor) return ticket.requester == by.id;
  if (ticket.assignee == by.id) return true;
  if (by.role == Role::bot) return false;
  return departments.empty() || ticket.department.empty() ||
         std::ranges::find(departments, ticket.department) != departments.end();
}

}  // namespace kefu::inline v0::core
