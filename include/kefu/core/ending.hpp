// Ending: the decisions that end a conversation (see offer.hpp for what
// decisions are).
#pragma once

#include <kefu/core/assignment_parts.hpp>
#include <kefu/core/slots.hpp>
#include <kefu/core/transition.hpp>
#include <kefu/core/working_set.hpp>
#include <kefu/model/participant.hpp>
#include <optional>
#include <string_view>

namespace kefu::inline v0::core {

/// Says that a conversation is done with. It takes messages, and can be reopened.
struct Resolve {
  ConversationId conversation;
  Participant by;
  Nanoseconds wrap_up{0};
  std::optional<std::uint64_t> epoch = {};
};
/// Ends a conversation.
struct Close {
  ConversationId conversation;
  Participant by;
  Nanoseconds wrap_up{0};
  std::optional<std::uint64_t> epoch = {};
  bool due = false;  ///< its timer: refused before its time
};
/// The visitor has gone before an agent came, or has waited for too long.
struct Abandon {
  ConversationId conversation;
  bool due = false;  ///< its timer: refused before its time
};

namespace detail {

/// Ends it, and frees what it holds: the slot, and unless it stays open, the visitor's place in the
/// department.
inline void finish(const Conversation& conversation, const Agent* holder,
                   const OpenConversation* here, ConversationState to, AssignmentStep step,
                   std::string_view by, Nanoseconds wrap_up, WorkingSet& desk, Timestamp now) {
  Conversation& c = desk.edit(conversation);
  if (holder) {
    leave_slot(desk.edit(*holder), c.id, now, wrap_up);
    if (is_owned(c.state)) c.assignment.preferred = holder->id;
  }
  note(c, step, holder ? holder->id : std::string(), by, now);
  enter(c, to);
  if (here && here->conversation == c.id && !is_open(to)) desk.remove(*here);
}

}  // namespace detail

/// When a conversation in this state ends by itself, by its department's rules; set once.
inline void set_end(const Conversation& c, Nanoseconds abandon_after, Nanoseconds close_after,
                    WorkingSet& desk, Timestamp now) {
  if (c.ends_at) return;
  if (c.state == ConversationState::queued && abandon_after.count() > 0)
    desk.edit(c).ends_at = c.assignment.waiting_since + abandon_after;
  if (c.state == ConversationState::resolved && !c.unanswered() && close_after.count() > 0)
    desk.edit(c).ends_at = now + close_after;
}

namespace detail {
[[nodiscard]] inline bool is_due(const Conversation& c, Timestamp now) {
  return c.ends_at && now >= *c.ends_at;
}
[[nodiscard]] inline bool has_gone(const Conversation& c, Timestamp now) {
  return c.gone_until && now >= *c.gone_until;
}
}  // namespace detail

[[nodiscard]] inline Rule decide(const Resolve& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  const Agent* const holder = detail::holder_of(c, desk);
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (c->state == ConversationState::resolved)
    return detail::is_member(*c, ask.by) ? Rule::none : Rule::member;  // a retry
  if (detail::is_retry(*c, ask.epoch, AssignmentStep::resolved, ask.by.id)) return Rule::none;
  if (const Rule rule = may_enter(c->state, ConversationState::resolved); rule != Rule::none)
    return rule;
  if (!detail::may_act_for_owner(*c, ask.by)) return Rule::owner;
  if (detail::is_stale(*c, ask.epoch)) return Rule::epoch;
  detail::finish(*c, holder, nullptr, ConversationState::resolved, AssignmentStep::resolved,
                 ask.by.id, ask.wrap_up, desk, now);
  desk.append(detail::system_entry(c->id, kind::kResolved, ask.by.id));
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const Close& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  const Agent* const holder = detail::holder_of(c, desk);
  const OpenConversation* const here = c ? desk.open(c->visitor, c->department) : nullptr;
  if (desk.incomplete()) return Rule::none;
  if (!c || !detail::is_member(*c, ask.by)) return Rule::exists;  // not to be told apart
  if (c->state == ConversationState::closed) return Rule::none;   // a retry
  if (detail::is_retry(*c, ask.epoch, AssignmentStep::closed, ask.by.id)) return Rule::none;
  if (const Rule rule = may_enter(c->state, ConversationState::closed); rule != Rule::none)
    return rule;
  if (detail::is_stale(*c, ask.epoch)) return Rule::epoch;
  if (ask.due && !detail::is_due(*c, now)) return Rule::too_early;
  detail::finish(*c, holder, here, ConversationState::closed, AssignmentStep::closed, ask.by.id,
                 ask.wrap_up, desk, now);
  desk.append(detail::system_entry(c->id, kind::kClosed, ask.by.id));
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const Abandon& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  const Agent* const holder = detail::holder_of(c, desk);
  const OpenConversation* const here = c ? desk.open(c->visitor, c->department) : nullptr;
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (c->state == ConversationState::abandoned) return Rule::none;  // a retry
  if (const Rule rule = may_enter(c->state, ConversationState::abandoned); rule != Rule::none)
    return rule;
  if (ask.due && !detail::is_due(*c, now) && !detail::has_gone(*c, now)) return Rule::too_early;
  detail::finish(*c, holder, here, ConversationState::abandoned, AssignmentStep::ended, {},
                 Nanoseconds(0), desk, now);
  desk.append(detail::system_entry(c->id, kind::kAbandoned, {}));
  return Rule::none;
}

}  // namespace kefu::inline v0::core
