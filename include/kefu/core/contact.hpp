// Contact: the decisions by which what belonged to a visitor becomes that of a verified person, of
// whom the visitor was a former identity (see offer.hpp for what decisions are).
//
//   BeginMerge ──▶ MoveConversation, one by one ──▶ EndMerge
//
// Each is safe to repeat, also all of them from the start: who is merged is stored first, with a
// time at which a sweep goes on when whoever began it does not.
#pragma once

#include <algorithm>
#include <cstdint>
#include <kefu/core/assignment_parts.hpp>
#include <kefu/core/ending.hpp>
#include <kefu/core/working_set.hpp>
#include <kefu/model/contact.hpp>
#include <string>
#include <utility>
#include <vector>

namespace kefu::inline v0::core {

/// From now on `visitor` is a former identity of `contact`, and so are those that it had itself.
/// Refused with `taken` when it is somebody else's, or the contact itself is somebody's, and with
/// `capacity` when they have had too many.
struct BeginMerge {
  std::string visitor;
  std::string contact;
  Nanoseconds resume_after{0};
};
/// The conversation becomes the contact's, with an entry that says whose it was. Where both have an
/// open one in the department only one stays open (promise 9): that which is further on, which is
/// owned before waiting, waiting before a bot's, and that before resolved; of equals the older. The
/// other is closed, and its last entries name the one that stays.
struct MoveConversation {
  ConversationId conversation;
  std::string visitor;
  std::string contact;
};
/// Everything was moved.
struct EndMerge {
  std::string visitor;
  std::string contact;
};

namespace detail {

[[nodiscard]] inline bool is_former(const Contact* contact, const std::string& id) {
  return contact && std::ranges::find(contact->former, id) != contact->former.end();
}

/// The record, created if there is none.
[[nodiscard]] inline Contact& contact_of(const Contact* known, const std::string& id,
                                         WorkingSet& desk) {
  if (known) return desk.edit(*known);
  Contact fresh;
  fresh.id = id;
  return desk.create(std::move(fresh));
}

[[nodiscard]] inline int how_far(const Conversation& c) {
  if (is_owned(c.state)) return 3;
  if (c.state == ConversationState::queued || c.state == ConversationState::offered) return 2;
  return c.state == ConversationState::bot ? 1 : 0;
}
[[nodiscard]] inline bool stays_before(const Conversation& a, const Conversation& b) {
  if (how_far(a) != how_far(b)) return how_far(a) > how_far(b);
  return a.opened_at != b.opened_at ? a.opened_at < b.opened_at : a.id < b.id;
}

/// Closes it in favour of another.
inline void give_way(const Conversation& c, const Agent* holder, const OpenConversation* here,
                     const Conversation& to, WorkingSet& desk, Timestamp now) {
  desk.append(system_entry(c.id, kind::kContinued, to.id.to_string()));
  finish(c, holder, here, ConversationState::closed, AssignmentStep::closed, {}, Nanoseconds(0),
         desk, now);
  desk.append(system_entry(c.id, kind::kClosed, {}));
}

}  // namespace detail

[[nodiscard]] inline Rule decide(const BeginMerge& ask, WorkingSet& desk, Timestamp now) {
  const Contact* const from = desk.contact(ask.visitor);
  const Contact* const to = desk.contact(ask.contact);
  if (desk.incomplete()) return Rule::none;
  if (ask.visitor == ask.contact) return Rule::itself;
  const bool known = detail::is_former(to, ask.visitor);
  if (to && !to->into.empty()) return Rule::taken;
  if (from && !from->into.empty() && from->into != ask.contact && !known) return Rule::taken;
  std::vector<std::string> former = to ? to->former : std::vector<std::string>{};
  const auto add = [&](const std::string& id) {
    if (std::ranges::find(former, id) == former.end()) former.push_back(id);
  };
  add(ask.visitor);
  if (from) std::ranges::for_each(from->former, add);
  if (former.size() > Contact::kFormer) return Rule::capacity;
  if (!to || former != to->former) detail::contact_of(to, ask.contact, desk).former = former;
  Contact& gone = detail::contact_of(from, ask.visitor, desk);
  gone.into = ask.contact;
  gone.resume_at = now + ask.resume_after;
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const MoveConversation& ask, WorkingSet& desk, Timestamp now) {
  const Conversation* const c = desk.conversation(ask.conversation);
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (c->visitor != ask.visitor) return Rule::none;  // a retry
  const OpenConversation* const here = desk.open(ask.visitor, c->department);
  const OpenConversation* const there = desk.open(ask.contact, c->department);
  const Conversation* const other = there ? desk.conversation(there->conversation) : nullptr;
  const Agent* const holder = detail::holder_of(c, desk);
  const Agent* const other_holder = detail::holder_of(other, desk);
  if (desk.incomplete()) return Rule::none;
  if (there && (!other || !is_open(other->state))) return Rule::contention;  // closed in between
  desk.append(detail::system_entry(c->id, kind::kMerged, ask.visitor));
  desk.edit(*c).visitor = ask.contact;
  if (!is_open(c->state)) return Rule::none;
  if (other && detail::stays_before(*other, *c)) {
    detail::give_way(*c, holder, here, *other, desk, now);
    return Rule::none;
  }
  if (other) detail::give_way(*other, other_holder, there, *c, desk, now);
  if (here && here->conversation == c->id) desk.remove(*here);
  desk.create(OpenConversation{ask.contact, c->department, c->id});
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const EndMerge& ask, WorkingSet& desk, Timestamp) {
  const Contact* const from = desk.contact(ask.visitor);
  if (desk.incomplete()) return Rule::none;
  if (!from || from->into != ask.contact || !from->resume_at) return Rule::none;
  desk.edit(*from).resume_at.reset();
  return Rule::none;
}

}  // namespace kefu::inline v0::core
