// Opening: how a conversation comes to wait for people (see offer.hpp for what
// decisions are).
#pragma once

#include <kefu/core/assignment_parts.hpp>
#include <kefu/core/slots.hpp>
#include <kefu/core/ticket.hpp>
#include <kefu/core/transition.hpp>
#include <kefu/core/working_set.hpp>
#include <kefu/model/participant.hpp>
#include <optional>
#include <string>
#include <vector>

namespace kefu::inline v0::core {

/// Finds the open conversation of (visitor, department), or creates the proposed one: as `bot`,
/// `queued`, or `active` with its first agent as owner. `found` is the id that counts.
struct Open {
  Conversation proposed;
  ConversationId* found = nullptr;  ///< may be null; else outlives the transaction
  /// One that would be queued becomes a ticket with this id: its department is closed, and wants
  /// them so (Offline::ticket). It is created `resolved`: no agent is asked, and it takes messages.
  std::optional<TicketId> ticket = {};
};
/// A bot hands over to people.
struct Enqueue {
  ConversationId conversation;
};
/// Back to the queue, for its last agent if that is possible.
struct Reopen {
  ConversationId conversation;
  Participant by;
  std::optional<std::uint64_t> epoch = {};
};

namespace detail {

/// The ticket that stands for a conversation which was opened while nobody was there.
[[nodiscard]] inline Ticket ticket_for(const Conversation& c, TicketId id) {
  Ticket ticket;
  ticket.id = id;
  ticket.subject = c.subject;
  ticket.requester = c.visitor;
  ticket.department = c.department;
  ticket.priority = c.priority;
  ticket.conversations = {c.id};
  return ticket;
}

[[nodiscard]] inline Rule create(const Conversation& proposed, const Agent* owner, WorkingSet& desk,
                                 Timestamp now) {
  if (owner) {
    if (const Rule rule = may_take(*owner, proposed.department); rule != Rule::none) return rule;
  }
  desk.create(OpenConversation{proposed.visitor, proposed.department, proposed.id});
  Conversation& c = desk.create(proposed);
  c.opened_at = c.assignment.waiting_since = now;
  desk.append(system_entry(c.id, kind::kOpened, c.department));
  for (const std::string& agent : c.agents) desk.append(system_entry(c.id, kind::kAssigned, agent));
  if (owner) {
    Agent& holder = desk.edit(*owner);
    fill_slot(holder, c, SlotUse::owned, now);
    // The host may name somebody who is not there: they have a grace period to come.
    if (holder.devices.empty() && !holder.absent_since) holder.absent_since = now;
  }
  const AssignmentStep step = owner                                    ? AssignmentStep::accepted
                              : c.state == ConversationState::resolved ? AssignmentStep::resolved
                                                                       : AssignmentStep::queued;
  note(c, step, owner ? owner->id : "", {}, now);
  return Rule::none;
}

[[nodiscard]] inline Rule create_ticketed(Conversation proposed, TicketId ticket, WorkingSet& desk,
                                          Timestamp now) {
  const Participant kefu{{}, Role::bot};
  const Rule rule = decide(CreateTicket{ticket_for(proposed, ticket), kefu}, desk, now);
  if (rule != Rule::none) return rule;
  proposed.state = ConversationState::resolved;
  (void)create(proposed, nullptr, desk, now);
  desk.append(system_entry(proposed.id, kind::kTicketed, ticket.to_string()));
  return Rule::none;
}

}  // namespace detail

[[nodiscard]] inline Rule decide(const Open& ask, WorkingSet& desk, Timestamp now) {
  const Conversation& proposed = ask.proposed;
  const OpenConversation* const open = desk.open(proposed.visitor, proposed.department);
  const Conversation* const existing = desk.conversation(open ? open->conversation : proposed.id);
  const Agent* const owner = proposed.owner().empty() ? nullptr : desk.agent(proposed.owner());
  const Ticket* const ticket = desk.ticket({proposed.id.hi, proposed.id.lo});  // has its own log
  if (ask.ticket) {
    (void)desk.ticket(*ask.ticket);
    (void)desk.conversation(log_of(*ask.ticket));
  }
  if (desk.incomplete()) return Rule::none;
  if (ask.found) *ask.found = existing ? existing->id : proposed.id;
  // It was closed between the two reads.
  if (open && (!existing || !is_open(existing->state))) return Rule::contention;
  if (open) return Rule::none;
  if (ticket) return Rule::exists;
  // The id was used before. By the same call, if it says the same.
  if (existing && existing->visitor != proposed.visitor) return Rule::exists;
  if (existing) return existing->department == proposed.department ? Rule::none : Rule::version;
  desk.expect_absent(ticket_key({proposed.id.hi, proposed.id.lo}));
  if (ask.ticket && proposed.state == ConversationState::queued)
    return detail::create_ticketed(proposed, *ask.ticket, desk, now);
  return detail::create(proposed, owner, desk, now);
}

[[nodiscard]] inline Rule decide(const Enqueue& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (c->state == ConversationState::queued) return Rule::none;  // a retry
  if (c->state != ConversationState::bot) return Rule::state_table;
  Conversation& changed = desk.edit(*c);
  enter(changed, ConversationState::queued);
  changed.assignment.waiting_since = now;
  note(changed, AssignmentStep::queued, {}, {}, now);
  desk.append(detail::system_entry(changed.id, kind::kQueued, changed.department));
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const Reopen& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  const OpenConversation* const open = c ? desk.open(c->visitor, c->department) : nullptr;
  if (desk.incomplete()) return Rule::none;
  if (!c || !detail::is_member(*c, ask.by)) return Rule::exists;
  using S = ConversationState;
  if (c->state == S::queued || c->state == S::offered || is_owned(c->state))
    return Rule::none;  // a retry
  if (detail::is_retry(*c, ask.epoch, AssignmentStep::reopened, ask.by.id)) return Rule::none;
  if (c->state == S::bot) return Rule::state_table;
  if (const Rule rule = may_enter(c->state, S::queued); rule != Rule::none) return rule;
  if (detail::is_stale(*c, ask.epoch)) return Rule::epoch;
  if (c->expired_at) return Rule::too_late;
  if (open && open->conversation != c->id) return Rule::one_open;
  if (!open) desk.create(OpenConversation{c->visitor, c->department, c->id});
  Conversation& changed = desk.edit(*c);
  enter(changed, S::queued);
  std::erase(changed.agents, changed.assignment.preferred);  // who ended it owns it no more
  changed.assignment.waiting_since = now;
  note(changed, AssignmentStep::reopened, {}, ask.by.id, now);
  desk.append(detail::system_entry(changed.id, kind::kReopened, ask.by.id));
  return Rule::none;
}

}  // namespace kefu::inline v0::core
