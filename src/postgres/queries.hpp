// The statements: each connection prepares once those that it may need.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kefu::inline v0::postgres {

enum class Query : std::uint8_t {
  begin,
  commit,
  rollback,
  lock,         ///< keys
  lock_shared,  ///< keys
  clock,
  lane,      ///< id: serial
  put_lane,  ///< id, serial
  // What transactions look at, behind their locks.
  heads,          ///< conversations
  epochs,         ///< sessions
  marks,          ///< sessions, conversations
  session,        ///< id: participant, epoch
  marks_of,       ///< session: conversation, accepted
  records,        ///< kinds, ids: place in them, version
  entries,        ///< conversations, logs, seqs: place in them, tags
  idle_sessions,  ///< seen at most, limit
  still_idle,     ///< sessions, seen at most
  sessions_of,    ///< participant, limit
  horizon,        ///< the position that is above all that was completed
  written_by,     ///< position above, below, limit, participant: last, rows, position
  // What they write.
  put_entries,
  put_heads,
  put_marks,
  put_session,  ///< id, participant, epoch, seen
  renew,        ///< sessions, epochs, seen, seen before
  end_sessions,
  put_records,
  remove_records,  ///< kinds, ids
  remove_keys,     ///< kinds, ids
  put_keys,
  redact,  ///< conversations, logs, seqs, tags
  empty,   ///< positions
  // Reads.
  page,    ///< conversation, log, after, entries, bytes
  get,     ///< kind, id
  scan,    ///< kind, name, key, id, behind it, has end, end, limit
  events,  ///< after, limit
  search,  ///< below, entries to look at, limit, text, internal, anywhere, conversations
};

inline constexpr std::size_t kQueries = static_cast<std::size_t>(Query::search) + 1;

[[nodiscard]] const char* sql(Query query);

/// What a connection is for.
enum class Use : std::uint8_t { writes, reads };

[[nodiscard]] constexpr bool serves(Query query, Use use) noexcept {
  if (use == Use::writes) return query < Query::page;
  return query >= Query::page || query == Query::heads || query == Query::clock;
}

/// What it is prepared as.
[[nodiscard]] const char* name(Query query);

}  // namespace kefu::inline v0::postgres
