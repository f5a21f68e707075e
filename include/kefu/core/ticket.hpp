// Ticket: the decisions about tickets. Whoever changes one says which version they saw, and is
// refused when there is a newer one: two writers never overwrite each other unseen. A call that
// finds everything as it wants it is a retry, and changes nothing. To whoever may not read a ticket
// it does not exist; visitors do nothing but comment on theirs.
#pragma once

#include <algorithm>
#include <kefu/core/assignment_parts.hpp>
#include <kefu/core/may_read_ticket.hpp>
#include <kefu/core/transition.hpp>
#include <kefu/core/working_set.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/model/tags.hpp>
#include <kefu/model/ticket.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kefu::inline v0::core {

/// Makes a ticket; again, it changes nothing.
struct CreateTicket {
  Ticket proposed;
  Participant by;
};
/// What is given changes. Linked conversations are added, never removed.
struct UpdateTicket {
  TicketId ticket;
  std::uint64_t version = 0;  ///< that the caller saw
  Participant by;
  std::optional<TicketState> state;
  std::optional<Timestamp> pending_until;  ///< with the state `pending`
  std::optional<std::string> subject;
  std::optional<std::string> department;
  std::optional<std::string> assignee;
  std::optional<Priority> priority;
  std::optional<std::vector<std::string>> tags;
  std::optional<Attributes> fields;
  std::vector<ConversationId> link;
};
/// An entry of the ticket's log. It needs no version: comments don't overwrite each other.
struct CommentTicket {
  TicketId ticket;
  CommentId id;
  Participant by;
  std::string text;
  Log log = Log::public_log;  ///< the public one is the requester's to read
};
/// The work of one goes on in the other, which takes over its conversations and tags.
struct MergeTicket {
  TicketId from;
  std::uint64_t from_version = 0;
  TicketId into;
  std::uint64_t into_version = 0;
  Participant by;
};
/// The timer of a pending ticket.
struct WakeTicket {
  TicketId ticket;
};

namespace detail {

inline void log_change(const Ticket& ticket, const Participant& by, std::string_view what,
                       WorkingSet& desk) {
  Entry entry = system_entry(log_of(ticket.id), kind::kChanged, what);
  entry.from = by.id;
  entry.role = by.role;
  desk.append(std::move(entry));
}

[[nodiscard]] inline bool may_read(const Ticket* ticket, const Participant& by, WorkingSet& desk) {
  if (!ticket) return false;
  const Agent* const agent = by.role == Role::agent && !by.id.empty() ? desk.agent(by.id) : nullptr;
  return may_read_ticket(*ticket, by, agent ? agent->served() : std::vector<std::string>{});
}
[[nodiscard]] inline bool is_visitor(const Participant& by) {
  return by.role == Role::visitor && !by.id.empty();
}

inline void add_each(std::vector<ConversationId>& to, const std::vector<ConversationId>& from) {
  for (const ConversationId id : from) {
    if (std::ranges::find(to, id) == to.end()) to.push_back(id);
  }
}

/// Everything but the state.
inline void patch(Ticket& ticket, const UpdateTicket& ask) {
  if (ask.subject) ticket.subject = *ask.subject;
  if (ask.department) ticket.department = *ask.department;
  if (ask.assignee) ticket.assignee = *ask.assignee;
  if (ask.priority) ticket.priority = *ask.priority;
  if (ask.tags) ticket.tags = as_tags(*ask.tags);
  if (ask.fields) ticket.fields = *ask.fields;
  add_each(ticket.conversations, ask.link);
}

}  // namespace detail

/// Refused with `exists` when the id stands for another ticket, or for a conversation: whoever may
/// make tickets must not get at its log. So is a retry by somebody who may not read what they made.
[[nodiscard]] inline Rule decide(const CreateTicket& ask, WorkingSet& desk, Timestamp now) {
  const Ticket* const known = desk.ticket(ask.proposed.id);
  const Conversation* const conversation = desk.conversation(log_of(ask.proposed.id));
  const bool readable = detail::may_read(known, ask.by, desk);
  if (desk.incomplete()) return Rule::none;
  if (detail::is_visitor(ask.by)) return Rule::member;
  if (conversation) return Rule::exists;
  if (known)
    return readable && known->requester == ask.proposed.requester ? Rule::none : Rule::exists;
  desk.expect_absent(conversation_key(log_of(ask.proposed.id)));
  Ticket& ticket = desk.create(ask.proposed);
  ticket.state = TicketState::new_ticket;
  ticket.tags = as_tags(std::move(ticket.tags));
  ticket.created_at = ticket.updated_at = now;
  detail::log_change(ticket, ask.by, name(ticket.state), desk);
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const UpdateTicket& ask, WorkingSet& desk, Timestamp now) {
  const Ticket* const ticket = desk.ticket(ask.ticket);
  const bool readable = detail::may_read(ticket, ask.by, desk);
  if (desk.incomplete()) return Rule::none;
  if (!readable) return Rule::exists;
  if (detail::is_visitor(ask.by)) return Rule::member;
  Ticket changed = *ticket;
  detail::patch(changed, ask);
  const TicketState to = ask.state.value_or(ticket->state);
  const bool moves = to != ticket->state;
  const bool waits = to == TicketState::pending && ask.pending_until;
  if (changed.conversations.size() > Ticket::kConversations) return Rule::capacity;
  if (changed == *ticket && !moves && (!waits || ask.pending_until == ticket->pending_until))
    return Rule::none;  // a retry
  if (desk.version_of(*ticket) != ask.version) return Rule::version;
  if (ticket->expired_at) return Rule::too_late;
  if (ticket->state == TicketState::merged || to == TicketState::merged) return Rule::state_table;
  if (moves && may_enter(ticket->state, to) != Rule::none) return Rule::state_table;
  if (moves) enter(changed, to, now);
  if (waits) changed.pending_until = ask.pending_until;
  changed.updated_at = now;
  detail::log_change(changed, ask.by, moves ? name(to) : "fields", desk);
  desk.edit(*ticket) = std::move(changed);
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const CommentTicket& ask, WorkingSet& desk, Timestamp now) {
  const Ticket* const ticket = desk.ticket(ask.ticket);
  const bool readable = detail::may_read(ticket, ask.by, desk);
  if (desk.incomplete()) return Rule::none;
  if (!readable) return Rule::exists;
  if (ask.log == Log::internal && detail::is_visitor(ask.by)) return Rule::member;
  if (std::ranges::find(ticket->comments, ask.id) != ticket->comments.end()) return Rule::none;
  if (ticket->expired_at) return Rule::too_late;
  if (ticket->state == TicketState::merged) return Rule::state_table;
  Ticket& changed = desk.edit(*ticket);
  std::vector<CommentId>& comments = changed.comments;
  if (comments.size() == Ticket::kComments) comments.erase(comments.begin());
  comments.push_back(ask.id);
  changed.updated_at = now;
  Entry entry = detail::note_entry(log_of(ask.ticket), ask.by, ask.text);
  entry.log = ask.log;
  desk.append(std::move(entry));
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const MergeTicket& ask, WorkingSet& desk, Timestamp now) {
  const Ticket* const from = desk.ticket(ask.from);
  const Ticket* const into = desk.ticket(ask.into);
  const bool readable =
      detail::may_read(from, ask.by, desk) && detail::may_read(into, ask.by, desk);
  if (desk.incomplete()) return Rule::none;
  if (!readable) return Rule::exists;
  if (detail::is_visitor(ask.by)) return Rule::member;
  if (ask.from == ask.into) return Rule::itself;
  if (from->merged_into == ask.into) return Rule::none;  // a retry
  if (desk.version_of(*from) != ask.from_version || desk.version_of(*into) != ask.into_version)
    return Rule::version;
  if (may_enter(from->state, TicketState::merged) != Rule::none || !is_open(into->state))
    return Rule::state_table;
  if (from->conversations.size() + into->conversations.size() > Ticket::kConversations)
    return Rule::capacity;
  Ticket& gone = desk.edit(*from);
  enter(gone, TicketState::merged, now);
  gone.merged_into = ask.into;
  Ticket& kept = desk.edit(*into);
  detail::add_each(kept.conversations, gone.conversations);
  kept.tags.insert(kept.tags.end(), gone.tags.begin(), gone.tags.end());
  kept.tags = as_tags(std::move(kept.tags));
  kept.updated_at = now;
  detail::log_change(gone, ask.by, name(gone.state), desk);
  detail::log_change(kept, ask.by, "fields", desk);
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const WakeTicket& ask, WorkingSet& desk, Timestamp now) {
  const Ticket* const ticket = desk.ticket(ask.ticket);
  if (desk.incomplete()) return Rule::none;
  if (!ticket) return Rule::exists;
  if (ticket->state != TicketState::pending || !ticket->pending_until) return Rule::none;
  if (now < *ticket->pending_until) return Rule::too_early;
  Ticket& changed = desk.edit(*ticket);
  enter(changed, TicketState::open, now);
  detail::log_change(changed, {}, name(changed.state), desk);
  return Rule::none;
}

}  // namespace kefu::inline v0::core
