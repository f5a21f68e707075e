// Hold: pausing a conversation, with or without a time (see offer.hpp for what
// decisions are).
#pragma once

#include <kefu/core/assignment_parts.hpp>
#include <kefu/core/slots.hpp>
#include <kefu/core/transition.hpp>
#include <kefu/core/working_set.hpp>
#include <kefu/model/participant.hpp>
#include <optional>

namespace kefu::inline v0::core {

/// Pauses it, until a time if one is given. The owner keeps the slot: coming back must not
/// overshoot.
struct Hold {
  ConversationId conversation;
  Participant by;
  std::optional<Timestamp> until;
  std::optional<std::uint64_t> epoch = {};
};
/// `by` with an empty id: its timer, and then it is refused before its time.
struct Resume {
  ConversationId conversation;
  Participant by;
  std::optional<std::uint64_t> epoch = {};
};

[[nodiscard]] inline Rule decide(const Hold& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (detail::is_retry(*c, ask.epoch, AssignmentStep::held, ask.by.id)) return Rule::none;
  if (!detail::may_act_for_owner(*c, ask.by)) return Rule::owner;
  const bool held = c->state == ConversationState::on_hold;
  if (held && c->snooze_until == ask.until) return Rule::none;  // a retry
  if (!held && may_enter(c->state, ConversationState::on_hold) != Rule::none)
    return Rule::state_table;
  if (detail::is_stale(*c, ask.epoch)) return Rule::epoch;
  Conversation& changed = desk.edit(*c);
  note(changed, AssignmentStep::held, changed.owner(), ask.by.id, now);
  if (!held) {
    enter(changed, ConversationState::on_hold);
    desk.append(detail::system_entry(changed.id, kind::kHeld, ask.by.id));
  }
  changed.snooze_until = ask.until;
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const Resume& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  const bool by_timer = ask.by.id.empty();
  if (!by_timer && !detail::is_member(*c, ask.by)) return Rule::member;
  if (detail::is_retry(*c, ask.epoch, AssignmentStep::resumed, ask.by.id)) return Rule::none;
  if (c->state == ConversationState::active) return Rule::none;  // a retry
  if (c->state != ConversationState::on_hold) return Rule::state_table;
  if (by_timer && (!c->snooze_until || now < *c->snooze_until)) return Rule::too_early;
  if (detail::is_stale(*c, ask.epoch)) return Rule::epoch;
  Conversation& changed = desk.edit(*c);
  note(changed, AssignmentStep::resumed, changed.owner(), ask.by.id, now);
  enter(changed, ConversationState::active);
  desk.append(detail::system_entry(changed.id, kind::kResumed, ask.by.id));
  return Rule::none;
}

}  // namespace kefu::inline v0::core
