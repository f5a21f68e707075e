// Slots: how conversations fill the capacity of an agent. Every function changes an agent's record
// that goes into the same commit as the conversation's, so the two never disagree:
//   a slot `offered` or `owned` ⇔ the agent is its conversation's holder() in that state.
#pragma once

#include <algorithm>
#include <kefu/model/agent.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/model/rule.hpp>
#include <optional>

namespace kefu::inline v0::core {

/// May the agent take one more conversation of this department?
[[nodiscard]] inline Rule may_take(const Agent& agent, std::string_view department) {
  if (!agent.serves(department)) return Rule::department;
  return agent.free_slots(department) > 0 ? Rule::none : Rule::capacity;
}

/// May the agent be asked? An offer also needs somebody there who wants it.
[[nodiscard]] inline Rule may_be_offered(const Agent& agent, std::string_view department) {
  if (agent.devices.empty() || agent.intent != Intent::available) return Rule::presence;
  return may_take(agent, department);
}

/// Precondition: may_take(). A conversation that comes back while its agent wraps it up takes the
/// slot that it left.
inline void fill_slot(Agent& agent, const Conversation& c, SlotUse use, Timestamp now) {
  std::erase_if(agent.slots, [&](const AgentSlot& s) { return s.conversation == c.id; });
  agent.slots.push_back({c.id, c.department, use, now, std::nullopt});
}

/// The offer was accepted.
inline void own_slot(Agent& agent, ConversationId conversation, Timestamp now) {
  for (AgentSlot& slot : agent.slots) {
    if (slot.conversation != conversation) continue;
    slot.use = SlotUse::owned;
    slot.since = now;
  }
}

/// The moving average over the last eight or so.
inline void learn_handling(Agent& agent, Nanoseconds took) {
  agent.handling =
      agent.handling.count() == 0 ? took : agent.handling + (took - agent.handling) / 8;
}

/// The conversation has left the agent. With `wrap_up` the slot stays filled for so long.
inline void leave_slot(Agent& agent, ConversationId conversation, Timestamp now,
                       Nanoseconds wrap_up = Nanoseconds(0)) {
  const auto at = std::ranges::find(agent.slots, conversation, &AgentSlot::conversation);
  if (at == agent.slots.end()) return;
  if (at->use == SlotUse::owned) {
    learn_handling(agent, now - at->since);
    agent.idle_since = now;
  }
  if (wrap_up.count() > 0 && at->use == SlotUse::owned) {
    at->use = SlotUse::wrap_up;
    at->since = now;
    at->until = now + wrap_up;
  } else {
    agent.slots.erase(at);
  }
}

/// Frees the slots whose wrap-up time is over; true when there were any.
inline bool end_wrap_up(Agent& agent, Timestamp now) {
  return std::erase_if(agent.slots, [now](const AgentSlot& slot) {
           return slot.until && *slot.until <= now;
         }) > 0;
}

}  // namespace kefu::inline v0::core
