// Handover: a conversation goes from one hand to another (see offer.hpp for what decisions are).
// `by` with an empty id is kefu itself.
#pragma once

#include <algorithm>
#include <kefu/core/assignment_parts.hpp>
#include <kefu/core/slots.hpp>
#include <kefu/core/transition.hpp>
#include <kefu/core/working_set.hpp>
#include <kefu/model/participant.hpp>
#include <optional>
#include <string>

namespace kefu::inline v0::core {

/// The owner gives it back to the head of the queue.
struct Release {
  ConversationId conversation;
  Participant by;
  std::optional<std::uint64_t> epoch;
};
/// The note goes into the internal log.
struct TransferToAgent {
  ConversationId conversation;
  Participant by;
  std::string agent;
  std::string note;
  std::optional<std::uint64_t> epoch;
};
/// Puts a conversation into the queue of another department.
struct TransferToDepartment {
  ConversationId conversation;
  Participant by;
  std::string department;
  std::string note;
  std::optional<std::uint64_t> epoch;
};
/// Makes the caller the owner, whoever was.
struct TakeOver {
  ConversationId conversation;
  Participant by;
  std::optional<std::uint64_t> epoch;
};
/// It has waited too long here, and waits there from now on, with the place that its waiting time
/// gives it.
struct Overflow {
  ConversationId conversation;
  std::uint64_t epoch = 0;
  std::string department;
};
[[nodiscard]] inline Rule decide(const Release& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  const Agent* const owner = detail::holder_of(c, desk);
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (detail::is_retry(*c, ask.epoch, AssignmentStep::released, ask.by.id)) return Rule::none;
  if (!is_owned(c->state)) return Rule::state_table;
  if (!detail::may_act_for_owner(*c, ask.by)) return Rule::owner;
  if (detail::is_stale(*c, ask.epoch)) return Rule::epoch;
  detail::send_back(*c, *owner, AssignmentStep::released, ask.by.id, desk, now);
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const TransferToAgent& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  const Agent* const from = detail::holder_of(c, desk);
  const Agent* const to = desk.agent(ask.agent);
  const Rule asked = detail::may_be_asked(to, c ? c->department : "", desk, now);
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (detail::is_retry(*c, ask.epoch, AssignmentStep::transferred, ask.by.id)) return Rule::none;
  if (!is_owned(c->state)) return Rule::state_table;
  if (!detail::may_act_for_owner(*c, ask.by)) return Rule::owner;
  if (detail::is_stale(*c, ask.epoch)) return Rule::epoch;
  if (to->id == from->id) return Rule::itself;
  if (asked != Rule::none) return asked;
  Conversation& changed = desk.edit(*c);
  leave_slot(desk.edit(*from), changed.id, now);
  std::erase(changed.agents, from->id);
  detail::give(changed, desk.edit(*to), desk, now);
  note(changed, AssignmentStep::transferred, to->id, ask.by.id, now);
  if (!ask.note.empty()) desk.append(detail::note_entry(changed.id, ask.by, ask.note));
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const TransferToDepartment& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  const Agent* const from = detail::holder_of(c, desk);
  const OpenConversation* const here = c ? desk.open(c->visitor, c->department) : nullptr;
  const OpenConversation* const there = c ? desk.open(c->visitor, ask.department) : nullptr;
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (detail::is_retry(*c, ask.epoch, AssignmentStep::transferred, ask.by.id)) return Rule::none;
  if (!is_owned(c->state)) return Rule::state_table;
  if (!detail::may_act_for_owner(*c, ask.by)) return Rule::owner;
  if (detail::is_stale(*c, ask.epoch)) return Rule::epoch;
  if (const Rule rule = detail::may_move(*c, ask.department, there); rule != Rule::none)
    return rule;
  Conversation& changed = desk.edit(*c);
  detail::move(changed, here, ask.department, desk);
  detail::send_back(changed, *from, AssignmentStep::transferred, ask.by.id, desk, now);
  changed.assignment.preferred.clear();  // who gave it away is not who shall have it
  if (!ask.note.empty()) desk.append(detail::note_entry(changed.id, ask.by, ask.note));
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const TakeOver& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  const Agent* const from = detail::holder_of(c, desk);
  const Agent* const to = desk.agent(ask.by.id);
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (c->owner() == ask.by.id) return Rule::none;  // a retry
  if (ask.by.role == Role::visitor) return Rule::member;
  if (!is_owned(c->state) && c->state != ConversationState::offered &&
      c->state != ConversationState::queued)
    return Rule::state_table;
  if (detail::is_stale(*c, ask.epoch)) return Rule::epoch;
  if (from != to) {  // else it was offered to the caller, who has the slot
    if (const Rule rule = may_take(*to, c->department); rule != Rule::none) return rule;
  }
  Conversation& changed = desk.edit(*c);
  if (from && from != to) {
    const std::string owner(changed.owner());
    leave_slot(desk.edit(*from), changed.id, now);
    if (!owner.empty()) std::erase(changed.agents, owner);
  }
  detail::give(changed, desk.edit(*to), desk, now);
  note(changed, AssignmentStep::taken_over, to->id, ask.by.id, now);
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const Overflow& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  const OpenConversation* const here = c ? desk.open(c->visitor, c->department) : nullptr;
  const OpenConversation* const there = c ? desk.open(c->visitor, ask.department) : nullptr;
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (detail::is_stale(*c, ask.epoch)) return Rule::epoch;
  if (c->state != ConversationState::queued) return Rule::state_table;
  if (const Rule rule = detail::may_move(*c, ask.department, there); rule != Rule::none)
    return rule;
  Conversation& changed = desk.edit(*c);
  detail::move(changed, here, ask.department, desk);
  changed.assignment.declined.clear();
  changed.assignment.asked_until.reset();
  note(changed, AssignmentStep::overflowed, {}, {}, now);
  desk.append(detail::system_entry(changed.id, kind::kQueued, changed.department));
  return Rule::none;
}

}  // namespace kefu::inline v0::core
