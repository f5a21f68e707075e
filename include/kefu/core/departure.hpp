// Departure: a visitor leaves while they wait, and may come back (see offer.hpp for what decisions
// are).
//
// The record says that they have left, and until when they keep their place; so restarts and other
// nodes agree. A node knows only its own connections: the one that says so may be wrong. Any other
// one that finds the visitor among its own takes it back, for it looks at all such records in every
// sweep (index kGone).
#pragma once

#include <algorithm>
#include <kefu/core/working_set.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/model/rule.hpp>
#include <kefu/model/time.hpp>

namespace kefu::inline v0::core {

/// The visitor's last connection to a node is gone. Given up after `after`, unless they are back.
struct VisitorLeft {
  ConversationId conversation;
  Nanoseconds after{0};  ///< the department's; 0: whoever leaves keeps their place
  Nanoseconds least{0};  ///< never sooner: what other nodes need to take it back
};
/// The visitor is there, as some node knows.
struct VisitorBack {
  ConversationId conversation;
};

/// Somebody waits for an agent in it.
[[nodiscard]] inline bool is_waiting(ConversationState state) noexcept {
  return state == ConversationState::queued || state == ConversationState::offered;
}

[[nodiscard]] inline Rule decide(const VisitorLeft& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (!is_waiting(c->state) || ask.after.count() == 0 || c->gone_until) return Rule::none;
  desk.edit(*c).gone_until = now + std::max(ask.after, ask.least);
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const VisitorBack& ask, WorkingSet& desk, Timestamp) {
  const Conversation* const c = desk.conversation(ask.conversation);
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (c->gone_until) desk.edit(*c).gone_until.reset();
  return Rule::none;
}

}  // namespace kefu::inline v0::core
