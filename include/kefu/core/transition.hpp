// Transition: the only place that writes a state. It asks the tables (model/state.hpp) and keeps
// what belongs to a state in step with it.
#pragma once

#include <algorithm>
#include <cassert>
#include <kefu/model/conversation.hpp>
#include <kefu/model/rule.hpp>
#include <kefu/model/state.hpp>
#include <kefu/model/ticket.hpp>
#include <kefu/model/time.hpp>
#include <string_view>

namespace kefu::inline v0::core {

/// Whether the table of states has this step.
template <class State>
[[nodiscard]] constexpr Rule may_enter(State from, State to) noexcept {
  return may_transition(from, to) ? Rule::none : Rule::state_table;
}

/// Precondition: may_enter().
inline void enter(Conversation& c, ConversationState to) {
  using S = ConversationState;
  assert(may_transition(c.state, to));
  c.state = to;
  if (to != S::offered) c.assignment.offer.reset();
  if (to != S::on_hold) c.snooze_until.reset();
  if (!is_over(to)) c.expires_at.reset();
  if (to != S::queued && to != S::offered) {
    c.ends_at.reset();
    c.gone_until.reset();
    c.assignment.declined.clear();
    c.assignment.asked_until.reset();
    c.assignment.returned = false;
  }
}

/// Precondition: may_enter().
inline void enter(Ticket& ticket, TicketState to, Timestamp now) {
  assert(may_transition(ticket.state, to));
  ticket.state = to;
  ticket.updated_at = now;
  if (to != TicketState::pending) ticket.pending_until.reset();
  if (!is_over(to)) ticket.expires_at.reset();
}

/// A step of the assignment: counts, and is remembered.
inline void note(Conversation& c, AssignmentStep step, std::string_view agent, std::string_view by,
                 Timestamp now) {
  Assignment& a = c.assignment;
  ++a.epoch;
  if (a.history.size() == Assignment::kHistory) a.history.erase(a.history.begin());
  a.history.push_back({a.epoch, step, std::string(agent), std::string(by), now});
}

/// True when this very step was done on top of `epoch`: the call is a retry.
[[nodiscard]] inline bool was_done(const Conversation& c, std::uint64_t epoch, AssignmentStep step,
                                   std::string_view by) {
  return std::ranges::any_of(c.assignment.history, [&](const AssignmentEvent& event) {
    return event.epoch == epoch + 1 && event.step == step && event.by == by;
  });
}

}  // namespace kefu::inline v0::core
