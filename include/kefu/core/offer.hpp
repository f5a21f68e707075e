// Offers: one agent at a time is asked, with a slot kept for the answer.
//
// These, handover.hpp and lifecycle.hpp are the decisions about conversations. Each is a function
// of the records that it asks for, run by a Transaction; the conversation and the slots of every
// agent concerned change in one commit. So an agent is never over capacity, and a conversation
// never has two owners, on any number of nodes (promise 7).
//
// A call that carries an `epoch` was decided on that state of the assignment: it is refused when
// there is a newer one, unless the newer one is its own doing, for then it is a retry.
#pragma once

#include <kefu/core/assignment_parts.hpp>
#include <kefu/core/slots.hpp>
#include <kefu/core/transition.hpp>
#include <kefu/core/working_set.hpp>
#include <optional>
#include <string>

namespace kefu::inline v0::core {

/// The router's proposal: asks the agent, and keeps a slot free for the answer.
struct MakeOffer {
  ConversationId conversation;
  std::uint64_t epoch = 0;
  std::string agent;
  Timestamp expires_at;
};
/// Takes what was offered, or picks a queued one, or one that nobody has answered
/// (Conversation::unanswered()).
struct Accept {
  ConversationId conversation;
  std::string agent;
  std::optional<std::uint64_t> epoch;
};
/// The router does not ask the agent again for `pause`.
struct Decline {
  ConversationId conversation;
  std::string agent;
  std::optional<std::uint64_t> epoch;
  Nanoseconds pause{0};
};
/// Takes an offer back whose time is over.
struct ExpireOffer {
  ConversationId conversation;
  Nanoseconds pause{0};
};
/// The host is asked who shall have it, once in a round of the queue, and by one node.
struct AskHost {
  ConversationId conversation;
  std::uint64_t epoch = 0;
  Timestamp until;
};

[[nodiscard]] inline Rule decide(const MakeOffer& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  const Agent* const agent = desk.agent(ask.agent);
  const Rule asked = detail::may_be_asked(agent, c ? c->department : "", desk, now);
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (detail::is_stale(*c, ask.epoch)) return Rule::epoch;
  if (const Rule rule = may_enter(c->state, ConversationState::offered); rule != Rule::none)
    return rule;
  if (asked != Rule::none) return asked;
  Conversation& changed = desk.edit(*c);
  enter(changed, ConversationState::offered);
  changed.assignment.offer = Offer{ask.agent, ask.expires_at};
  note(changed, AssignmentStep::offered, ask.agent, {}, now);
  Agent& holder = desk.edit(*agent);
  fill_slot(holder, changed, SlotUse::offered, now);
  holder.last_offered_at = now;
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const Accept& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  const Agent* const agent = desk.agent(ask.agent);
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (c->owner() == ask.agent) return Rule::none;  // a retry
  const bool offered = c->state == ConversationState::offered;
  if (is_owned(c->state) || (offered && c->holder() != ask.agent)) return Rule::taken;
  if (const Rule rule = may_enter(c->state, ConversationState::active); rule != Rule::none)
    return rule;
  if (!offered && c->state != ConversationState::queued && !c->unanswered())
    return Rule::state_table;
  if (detail::is_stale(*c, ask.epoch)) return Rule::epoch;
  if (!offered) {
    if (const Rule rule = may_take(*agent, c->department); rule != Rule::none) return rule;
  }
  Conversation& changed = desk.edit(*c);
  detail::give(changed, desk.edit(*agent), desk, now);
  note(changed, AssignmentStep::accepted, ask.agent, ask.agent, now);
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const Decline& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  const Agent* const agent = desk.agent(ask.agent);
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (detail::is_retry(*c, ask.epoch, AssignmentStep::declined, ask.agent)) return Rule::none;
  if (c->state != ConversationState::offered || c->holder() != ask.agent) return Rule::offered;
  if (detail::is_stale(*c, ask.epoch)) return Rule::epoch;
  detail::undo_offer(*c, *agent, AssignmentStep::declined, ask.agent, ask.pause, desk, now);
  return Rule::none;
}

/// Refused with too_early while the offer runs. When there is none any more, there is nothing to
/// do.
[[nodiscard]] inline Rule decide(const ExpireOffer& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  const bool offered = c && c->state == ConversationState::offered;
  const Agent* const agent = offered ? detail::holder_of(c, desk) : nullptr;
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (!offered) return Rule::none;
  if (now < c->assignment.offer->expires_at) return Rule::too_early;
  detail::undo_offer(*c, *agent, AssignmentStep::expired, {}, ask.pause, desk, now);
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const AskHost& ask, WorkingSet& desk, Timestamp) {
  const Conversation* const c = desk.conversation(ask.conversation);
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (detail::is_stale(*c, ask.epoch) || c->assignment.asked_until) return Rule::epoch;
  if (c->state != ConversationState::queued) return Rule::state_table;
  desk.edit(*c).assignment.asked_until = ask.until;
  return Rule::none;
}

}  // namespace kefu::inline v0::core
