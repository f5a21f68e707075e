// The keys of the service desk's records: that under which each stands, and those of the indexes
// that find it. In a header of its own, because a Hub's user needs the records without them.
#pragma once

#include <cstdint>
#include <kefu/desk_record.hpp>
#include <kefu/record.hpp>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kefu::inline v0 {

/// Names of indexes.
namespace index {
inline constexpr std::string_view kOpenOf = "open_of";  ///< conversations: open ones of somebody
inline constexpr std::string_view kAllOf = "all_of";    ///< conversations: all of somebody
inline constexpr std::string_view kQueue = "queue";     ///< conversations: a department's queue
inline constexpr std::string_view kGone = "gone";       ///< conversations: the visitor has left
inline constexpr std::string_view kDue = "due";         ///< anything with a time at which to look
inline constexpr std::string_view kExpiry = "expiry";   ///< what is over, by when it expires
inline constexpr std::string_view kRoutable = "routable";    ///< agents that could take an offer
inline constexpr std::string_view kPresent = "present";      ///< agents with a device
inline constexpr std::string_view kAbsent = "absent";        ///< agents gone with slots filled
inline constexpr std::string_view kOnNode = "on_node";       ///< agents with a device on a node
inline constexpr std::string_view kRunning = "running";      ///< SLA clocks that somebody must wind
inline constexpr std::string_view kAll = "all";              ///< departments
inline constexpr std::string_view kAssignee = "assignee";    ///< tickets of an agent, newest first
inline constexpr std::string_view kRequester = "requester";  ///< the same of who asked for them

inline constexpr std::string_view kDead = "dead";  ///< dead letters of a sink, oldest first

inline constexpr char kSeparator = '\x1f';

/// The prefix of an index key that stands for a text: a participant, a department, a node.
[[nodiscard]] inline std::string of(std::string_view text) {
  return std::string(text) + kSeparator;
}

/// Twenty digits that sort as the number does.
[[nodiscard]] inline std::string sortable(std::uint64_t value) {
  const std::string digits = std::to_string(value);
  return std::string(20 - digits.size(), '0') + digits;
}
/// Times before 1970 count as its first moment.
[[nodiscard]] inline std::uint64_t since_1970(Timestamp at) {
  return at.ns < 0 ? 0 : static_cast<std::uint64_t>(at.ns);
}
[[nodiscard]] inline std::string sortable(Timestamp at) { return sortable(since_1970(at)); }
/// As sortable(), the other way round.
[[nodiscard]] inline std::string newest_first(Timestamp at) {
  return sortable(std::numeric_limits<std::uint64_t>::max() - since_1970(at));
}
}  // namespace index

// ---- keys

inline constexpr std::string_view kNodePrefix = "node/";
inline constexpr std::string_view kSlaPrefix = "sla/";
inline constexpr std::string_view kSinkPrefix = "sink/";
inline constexpr std::string_view kDeadPrefix = "dead/";

/// Where the record of a conversation stands.
[[nodiscard]] inline RecordKey conversation_key(ConversationId id) {
  return {RecordKind::conversation, id.to_string()};
}
/// Where it stands which conversation of a visitor in a department is open.
[[nodiscard]] inline RecordKey open_key(std::string_view visitor, std::string_view department) {
  return {RecordKind::open_conversation, index::of(visitor).append(department)};
}
/// Where the record of an agent stands.
[[nodiscard]] inline RecordKey agent_key(std::string_view id) {
  return {RecordKind::agent, std::string(id)};
}
/// Where the record of a department stands.
[[nodiscard]] inline RecordKey department_key(std::string_view id) {
  return {RecordKind::department, std::string(id)};
}
/// Where the record of a ticket stands.
[[nodiscard]] inline RecordKey ticket_key(TicketId id) {
  return {RecordKind::ticket, id.to_string()};
}
/// Where the lease of a node stands.
[[nodiscard]] inline RecordKey node_key(std::string_view id) {
  return {RecordKind::timer, std::string(kNodePrefix).append(id)};
}
/// Where the SLA clock of a conversation stands.
[[nodiscard]] inline RecordKey sla_key(ConversationId id) {
  return {RecordKind::timer, std::string(kSlaPrefix) + id.to_string()};
}

/// Where it stands how far a sink has got.
[[nodiscard]] inline RecordKey sink_key(std::string_view sink) {
  return {RecordKind::cursor, std::string(kSinkPrefix).append(sink)};
}
/// Where it stands that a sink gave up the event at a position.
[[nodiscard]] inline RecordKey dead_letter_key(std::string_view sink, std::uint64_t position) {
  return {RecordKind::cursor,
          std::string(kDeadPrefix).append(index::of(sink)) + index::sortable(position)};
}

/// There is one list.
[[nodiscard]] inline RecordKey bans_key() { return {RecordKind::ban, "all"}; }

/// Where the record of a contact stands.
[[nodiscard]] inline RecordKey contact_key(std::string_view id) {
  return {RecordKind::contact, std::string(id)};
}

/// Where a record stands.
[[nodiscard]] inline RecordKey key_of(const Conversation& r) { return conversation_key(r.id); }
[[nodiscard]] inline RecordKey key_of(const OpenConversation& r) {
  return open_key(r.visitor, r.department);
}
[[nodiscard]] inline RecordKey key_of(const Agent& r) { return agent_key(r.id); }
[[nodiscard]] inline RecordKey key_of(const Department& r) { return department_key(r.id); }
[[nodiscard]] inline RecordKey key_of(const Ticket& r) { return ticket_key(r.id); }
[[nodiscard]] inline RecordKey key_of(const NodeLease& r) { return node_key(r.id); }
[[nodiscard]] inline RecordKey key_of(const SlaClock& r) { return sla_key(r.conversation); }

[[nodiscard]] inline RecordKey key_of(const SinkCursor& r) { return sink_key(r.sink); }
[[nodiscard]] inline RecordKey key_of(const Contact& r) { return contact_key(r.id); }
[[nodiscard]] inline RecordKey key_of(const BanList&) { return bans_key(); }
[[nodiscard]] inline RecordKey key_of(const DeadLetter& r) {
  return dead_letter_key(r.sink, r.position);
}

// ---- indexes

namespace detail {
inline void add_key(std::vector<IndexKey>& keys, std::string_view name, std::string key) {
  keys.push_back({std::string(name), std::move(key)});
}
inline void add_due(std::vector<IndexKey>& keys, std::optional<Timestamp> at) {
  if (at) add_key(keys, index::kDue, index::sortable(*at));
}
inline void add_expiry(std::vector<IndexKey>& keys, std::optional<Timestamp> at) {
  if (at) add_key(keys, index::kExpiry, index::sortable(*at));
}
}  // namespace detail

/// A queue's order: who was served before and came back, then the higher priority, then who has
/// waited longer.
[[nodiscard]] inline std::string queue_key(const Conversation& c) {
  const auto rank = static_cast<std::uint8_t>(Priority::urgent) - static_cast<int>(c.priority);
  return index::of(c.department) + (c.assignment.returned ? '0' : '1') +
         static_cast<char>('0' + rank) + index::sortable(c.assignment.waiting_since);
}

/// When somebody has to look at it again.
[[nodiscard]] inline std::optional<Timestamp> due_at(const Conversation& c) {
  const auto or_gone = [&](std::optional<Timestamp> at) {
    return c.gone_until && (!at || *c.gone_until < *at) ? c.gone_until : at;
  };
  switch (c.state) {
    case ConversationState::offered:
      return or_gone(c.assignment.offer ? std::optional(c.assignment.offer->expires_at)
                                        : std::nullopt);
    case ConversationState::queued:
      return or_gone(c.ends_at);
    case ConversationState::on_hold:
      return c.snooze_until;
    case ConversationState::resolved:
      return c.ends_at;
    default:
      return std::nullopt;
  }
}
[[nodiscard]] inline std::optional<Timestamp> due_at(const Agent& agent) {
  std::optional<Timestamp> due;
  for (const AgentSlot& slot : agent.slots) {
    if (slot.until && (!due || *slot.until < *due)) due = slot.until;
  }
  return due;
}
[[nodiscard]] inline std::optional<Timestamp> due_at(const SlaClock& clock) {
  std::optional<Timestamp> due;
  const auto consider = [&](std::optional<Timestamp> at) {
    if (at && (!due || *at < *due)) due = at;
  };
  if (clock.paused) return due;
  for (const SlaTimer& timer : clock.timers) {
    consider(timer.warn_at);
    if (!timer.breached) consider(timer.due);
  }
  return due;
}

/// By which keys a record is found, besides its own.
[[nodiscard]] inline std::vector<IndexKey> indexes_of(const Conversation& c) {
  std::vector<IndexKey> keys;
  const auto list_for = [&](const std::string& participant) {
    const std::string key = index::of(participant) + index::newest_first(c.opened_at);
    detail::add_key(keys, index::kAllOf, key);
    if (is_open(c.state)) detail::add_key(keys, index::kOpenOf, key);
  };
  list_for(c.visitor);
  for (const std::string& agent : c.agents) list_for(agent);
  if (c.state == ConversationState::queued) detail::add_key(keys, index::kQueue, queue_key(c));
  detail::add_due(keys, due_at(c));
  detail::add_expiry(keys, c.expires_at);
  if (c.gone_until) detail::add_key(keys, index::kGone, index::sortable(*c.gone_until));
  return keys;
}

[[nodiscard]] inline std::vector<IndexKey> indexes_of(const Contact& contact) {
  std::vector<IndexKey> keys;
  detail::add_due(keys, contact.resume_at);
  return keys;
}
[[nodiscard]] inline std::vector<IndexKey> indexes_of(const OpenConversation&) { return {}; }
[[nodiscard]] inline std::vector<IndexKey> indexes_of(const SinkCursor&) { return {}; }
[[nodiscard]] inline std::vector<IndexKey> indexes_of(const BanList&) { return {}; }
[[nodiscard]] inline std::vector<IndexKey> indexes_of(const DeadLetter& letter) {
  return {{std::string(index::kDead), index::of(letter.sink) + index::sortable(letter.position)}};
}

[[nodiscard]] inline std::vector<IndexKey> indexes_of(const Agent& agent) {
  std::vector<IndexKey> keys;
  detail::add_due(keys, due_at(agent));
  if (agent.devices.empty()) {
    if (agent.absent_since && !agent.slots.empty())
      detail::add_key(keys, index::kAbsent, index::sortable(*agent.absent_since));
    return keys;
  }
  for (const Device& device : agent.devices)
    detail::add_key(keys, index::kOnNode, index::of(device.node));
  const bool routable = agent.intent == Intent::available && agent.slots.size() < agent.capacity;
  const auto list_in = [&](std::string_view department) {
    detail::add_key(keys, index::kPresent, index::of(department));
    if (routable) detail::add_key(keys, index::kRoutable, index::of(department));
  };
  for (const Membership& membership : agent.departments) list_in(membership.department);
  if (agent.departments.empty()) list_in({});  // serves all: found under no department's name
  return keys;
}

[[nodiscard]] inline std::vector<IndexKey> indexes_of(const Department& d) {
  return {{std::string(index::kAll), d.id}};
}

[[nodiscard]] inline std::vector<IndexKey> indexes_of(const Ticket& t) {
  std::vector<IndexKey> keys;
  detail::add_key(keys, index::kAssignee,
                  index::of(t.assignee) + index::newest_first(t.created_at));
  if (!t.requester.empty())
    detail::add_key(keys, index::kRequester,
                    index::of(t.requester) + index::newest_first(t.created_at));
  if (t.state == TicketState::pending) detail::add_due(keys, t.pending_until);
  detail::add_expiry(keys, t.expires_at);
  return keys;
}

[[nodiscard]] inline std::vector<IndexKey> indexes_of(const NodeLease& lease) {
  return {{std::string(index::kDue), index::sortable(lease.until)}};
}

[[nodiscard]] inline std::vector<IndexKey> indexes_of(const SlaClock& clock) {
  std::vector<IndexKey> keys;
  detail::add_due(keys, due_at(clock));
  if (!clock.over) detail::add_key(keys, index::kRunning, {});
  return keys;
}

}  // namespace kefu::inline v0
