// Assignment parts: what the decisions about conversations have in common.
#pragma once

#include <algorithm>
#include <kefu/core/slots.hpp>
#include <kefu/core/transition.hpp>
#include <kefu/core/working_set.hpp>
#include <kefu/model/participant.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace kefu::inline v0::core::detail {

[[nodiscard]] inline Entry system_entry(ConversationId id, std::string_view kind,
                                        std::string_view body) {
  Entry entry;
  entry.conversation = id;
  entry.role = Role::bot;
  entry.kind = kind;
  entry.body = body;
  return entry;
}

[[nodiscard]] inline Entry note_entry(ConversationId id, const Participant& by, std::string text) {
  Entry entry;
  entry.conversation = id;
  entry.log = Log::internal;
  entry.from = by.id;
  entry.role = by.role;
  entry.kind = kind::kText;
  entry.body = std::move(text);
  return entry;
}

[[nodiscard]] inline bool is_stale(const Conversation& c, std::optional<std::uint64_t> epoch) {
  return epoch && *epoch != c.assignment.epoch;
}
[[nodiscard]] inline bool is_retry(const Conversation& c, std::optional<std::uint64_t> epoch,
                                   AssignmentStep step, std::string_view by) {
  return is_stale(c, epoch) && was_done(c, *epoch, step, by);
}
[[nodiscard]] inline bool may_act_for_owner(const Conversation& c, const Participant& by) {
  return by.role == Role::supervisor || (!by.id.empty() && by.id == c.owner());
}

/// kefu itself is in every conversation.
[[nodiscard]] inline bool is_member(const Conversation& c, const Participant& by) {
  return by.id.empty() || c.admits(by.role, by.id);
}

/// The agent whose slot it fills; null when there is none, or it has not been read yet.
[[nodiscard]] inline const Agent* holder_of(const Conversation* c, WorkingSet& desk) {
  return c && !c->holder().empty() ? desk.agent(c->holder()) : nullptr;
}

/// May the agent be asked? A device keeps nobody present whose node's lease is over, even where
/// nobody has taken it off the agent yet.
[[nodiscard]] inline Rule may_be_asked(const Agent* agent, std::string_view department,
                                       WorkingSet& desk, Timestamp now) {
  if (!agent) return Rule::none;  // not read yet
  bool there = false;
  for (const Device& device : agent->devices) {
    const NodeLease* const lease = desk.node(device.node);
    there = there || (lease && lease->valid_at(now));
  }
  return there ? may_be_offered(*agent, department) : Rule::presence;
}

/// Back to waiting. `returned`: at the head, as somebody who has waited once already; else it keeps
/// its place.
inline void requeue(Conversation& c, bool returned, Timestamp now) {
  const std::string owner(c.owner());
  if (!owner.empty()) {
    c.agents.erase(c.agents.begin());
    c.assignment.preferred = owner;
  }
  enter(c, ConversationState::queued);
  if (!returned) return;
  c.assignment.returned = true;
  c.assignment.waiting_since = now;
}

/// Makes the agent the owner. Precondition: the state may become active, and the agent may_take()
/// or holds a slot for it.
inline void give(Conversation& c, Agent& agent, WorkingSet& desk, Timestamp now) {
  if (c.state != ConversationState::active) enter(c, ConversationState::active);
  std::erase(c.agents, agent.id);
  c.agents.insert(c.agents.begin(), agent.id);
  desk.append(system_entry(c.id, kind::kAssigned, agent.id));
  const AgentSlot* const slot = agent.slot_of(c.id);
  if (slot && slot->use == SlotUse::offered) {
    own_slot(agent, c.id, now);
  } else {
    fill_slot(agent, c, SlotUse::owned, now);
  }
}

/// An offer that came to nothing: the conversation keeps its place.
inline void undo_offer(const Conversation& conversation, const Agent& agent, AssignmentStep step,
                       std::string_view by, Nanoseconds pause, WorkingSet& desk, Timestamp now) {
  Conversation& c = desk.edit(conversation);
  leave_slot(desk.edit(agent), c.id, now);
  requeue(c, false, now);
  std::vector<Declined>& declined = c.assignment.declined;
  std::erase_if(declined, [&](const Declined& d) { return d.until <= now || d.agent == agent.id; });
  if (pause.count() > 0) declined.push_back({agent.id, now + pause});
  note(c, step, agent.id, by, now);
}

/// From whatever slot it fills back to the queue's head.
inline void send_back(const Conversation& conversation, const Agent& holder, AssignmentStep step,
                      std::string_view by, WorkingSet& desk, Timestamp now) {
  Conversation& c = desk.edit(conversation);
  leave_slot(desk.edit(holder), c.id, now);
  requeue(c, true, now);
  note(c, step, holder.id, by, now);
  desk.append(system_entry(c.id, kind::kQueued, c.department));
}

/// May the conversation move there? The visitor may have another one open in that department.
[[nodiscard]] inline Rule may_move(const Conversation& c, std::string_view department,
                                   const OpenConversation* there) {
  if (department == c.department) return Rule::itself;
  return there ? Rule::one_open : Rule::none;
}

inline void move(Conversation& c, const OpenConversation* here, std::string_view department,
                 WorkingSet& desk) {
  if (here) desk.remove(*here);
  c.department = department;
  desk.create(OpenConversation{c.visitor, c.department, c.id});
}

}  // namespace kefu::inline v0::core::detail
