// may_search: in which conversations whoever searches finds something.
#pragma once

#include <algorithm>
#include <kefu/model/conversation.hpp>
#include <kefu/model/participant.hpp>
#include <string>
#include <vector>

namespace kefu::inline v0::core {

/// Visitors and bots in their own, agents also in those of the departments that they serve (none:
/// all), supervisors everywhere.
[[nodiscard]] inline bool may_search(const Conversation& c, const Participant& by,
                                     const std::vector<std::string>& departments) {
  if (c.admits(by.role, by.id)) return true;
  if (by.role != Role::agent) return false;
  return departments.empty() || std::ranges::find(departments, c.department) != departments.end();
}

}  // namespace kefu::inline v0::core
