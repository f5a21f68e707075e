// Retention: what becomes of a conversation or a ticket that has been over for as long as it is
// kept (DeskOptions::retain_for). Three steps, each safe to repeat, so that whoever begins may die
// anywhere:
//
//   Expire       its record is blanked, and from now on it is never reopened
//   redactions   of each entry that must_expire(), page by page, in both logs
//   EndExpiry    nobody looks at it again
//
// Until the last one it stands in the index `expiry`, where the next sweep finds it.
#pragma once

#include <kefu/core/working_set.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/rule.hpp>
#include <kefu/model/time.hpp>
#include <kefu/model/verdict.hpp>
#include <optional>
#include <utility>
#include <variant>

namespace kefu::inline v0::core {

/// What has a retention.
using Retained = std::variant<ConversationId, TicketId>;

/// Marks what is past its retention.
struct Expire {
  Retained of;
};
/// Lets go of what was emptied.
struct EndExpiry {
  Retained of;
  std::optional<Timestamp> again = {};  ///< it is not done: look again then
};

/// Somebody whom it is about asks to be forgotten: its subject and attributes (fields) are blanked.
struct Blank {
  Retained of;
};

namespace detail {

inline const Conversation* retained(ConversationId id, WorkingSet& desk) {
  return desk.conversation(id);
}
inline const Ticket* retained(TicketId id, WorkingSet& desk) { return desk.ticket(id); }

inline Attributes& attributes_of(Conversation& c) { return c.attributes; }
inline Attributes& attributes_of(Ticket& ticket) { return ticket.fields; }

template <class Id>
[[nodiscard]] Rule expire(Id id, WorkingSet& desk, Timestamp now) {
  const auto* const one = retained(id, desk);
  if (desk.incomplete()) return Rule::none;
  if (!one) return Rule::exists;
  if (!one->expires_at || now < *one->expires_at) return Rule::too_early;
  if (one->expired_at) return Rule::none;  // a retry
  auto& changed = desk.edit(*one);
  changed.subject.clear();
  changed.tags.clear();
  attributes_of(changed).clear();
  changed.expired_at = now;
  return Rule::none;
}

template <class Id>
[[nodiscard]] Rule blank(Id id, WorkingSet& desk) {
  const auto* const one = retained(id, desk);
  if (desk.incomplete()) return Rule::none;
  if (!one) return Rule::exists;
  auto changed = *one;
  changed.subject.clear();
  attributes_of(changed).clear();
  if (changed != *one) desk.edit(*one) = std::move(changed);
  return Rule::none;
}

template <class Id>
[[nodiscard]] Rule end_expiry(Id id, std::optional<Timestamp> again, WorkingSet& desk) {
  const auto* const one = retained(id, desk);
  if (desk.incomplete()) return Rule::none;
  if (!one) return Rule::exists;
  if (!one->expired_at) return Rule::too_early;
  if (one->expires_at && one->expires_at != again) desk.edit(*one).expires_at = again;
  return Rule::none;
}

}  // namespace detail

/// When something that is over expires; set once, when it ends. `retain_for` 0: never.
template <class T>
void set_expiry(const T& one, Nanoseconds retain_for, WorkingSet& desk, Timestamp now) {
  if (!is_over(one.state) || one.expires_at || one.expired_at || retain_for.count() == 0) return;
  desk.edit(one).expires_at = now + retain_for;
}

[[nodiscard]] inline Rule decide(const Expire& ask, WorkingSet& desk, Timestamp now) {
  return std::visit([&](auto id) { return detail::expire(id, desk, now); }, ask.of);
}

[[nodiscard]] inline Rule decide(const EndExpiry& ask, WorkingSet& desk, Timestamp) {
  return std::visit([&](auto id) { return detail::end_expiry(id, ask.again, desk); }, ask.of);
}

[[nodiscard]] inline Rule decide(const Blank& ask, WorkingSet& desk, Timestamp) {
  return std::visit([&](auto id) { return detail::blank(id, desk); }, ask.of);
}

/// Whether this entry says something that must not be kept. What kefu wrote says who did what, in
/// participants' ids, and stays.
[[nodiscard]] inline bool must_expire(const Entry& entry) {
  return !entry.body.empty() && !is_reserved_kind(entry.kind);
}

/// The file that goes with it.
[[nodiscard]] inline std::optional<FileId> file_of(const Entry& entry) {
  return entry.kind == kind::kFile ? FileId::parse(entry.body) : std::nullopt;
}

/// The log of either.
[[nodiscard]] inline ConversationId log_of(const Retained& one) {
  const auto* const ticket = std::get_if<TicketId>(&one);
  return ticket ? kefu::log_of(*ticket) : std::get<ConversationId>(one);
}

}  // namespace kefu::inline v0::core
