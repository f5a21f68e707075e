#include "sqlite/sessions.hpp"

#include <algorithm>

namespace kefu::inline v0::sqlite {

Sessions::Sessions(sqlite3* db, Cache& cache, const Unfolded& unfolded, Nanoseconds coarse)
    : db_(db),
      cache_(cache),
      unfolded_(unfolded),
      coarse_(coarse),
      insert_(db, "INSERT INTO session(id, participant, epoch, seen) VALUES(?, ?, ?, ?)"),
      take_over_(db, "UPDATE session SET epoch = ? WHERE key = ?"),
      touch_(db, "UPDATE session SET seen = ? WHERE key = ?"),
      find_(db, "SELECT key, epoch, seen FROM session WHERE id = ? AND seen IS NOT NULL"),
      idle_(db, "SELECT key, id FROM session WHERE seen <= ? ORDER BY seen LIMIT ?"),
      of_participant_(
          db, "SELECT key, id, seen IS NULL FROM session WHERE participant = ? ORDER BY key"),
      marks_(db,
             "SELECT c.id, m.accepted FROM mark m JOIN conversation c ON c.key = m.conversation "
             "WHERE m.session = ?"),
      remove_marks_(db, "DELETE FROM mark WHERE session = ?"),
      retire_(db, "UPDATE session SET epoch = NULL, seen = NULL WHERE key = ?"),
      remove_(db, "DELETE FROM session WHERE key = ?"),
      latest_(db, "SELECT max(seen) FROM session WHERE seen IS NOT NULL") {}

AttachOutcome Sessions::attach(const AttachRequest& request, Timestamp now) {
  AttachOutcome outcome;
  Session* const session = cache_.session(request.session);
  if (request.create == (session != nullptr)) {
    outcome.code = session ? errc::conflict : errc::session_expired;
    return outcome;
  }
  if (session && cache_.participant(*session) != request.participant.id) {
    outcome.code = errc::denied;
    return outcome;
  }
  if (session) outcome.epoch = session->epoch;
  if (request.epoch <= outcome.epoch) {
    outcome.code = errc::stale_epoch;
    return outcome;
  }
  outcome.epoch = request.epoch;
  if (!session) {
    create(request, now);
    return outcome;
  }
  Run(take_over_).bind(1, request.epoch).bind(2, session->key).step();
  session->epoch = request.epoch;
  touch(*session, now);
  outcome.marks = marks(*session);
  return outcome;
}

void Sessions::create(const AttachRequest& request, Timestamp now) {
  Run(insert_)
      .bind(1, request.session)
      .bind(2, request.participant.id)
      .bind(3, request.epoch)
      .bind(4, now.ns)
      .step();
  Session session;
  session.key = sqlite3_last_insert_rowid(db_);
  session.seen = now;
  session.epoch = request.epoch;
  cache_.add(request.session, std::move(session));
}

std::vector<Mark> Sessions::marks(const Session& session) {
  std::vector<Mark> out;
  // What the ledger holds is newer than what is stored; what it does not hold is stored.
  const core::SessionLedger* const ledger = session.sender ? &session.sender->ledger : nullptr;
  if (ledger) {
    for (const auto& [conversation, mark] : ledger->entries()) {
      if (mark.accepted()) out.push_back({conversation, mark.accepted()});
    }
  }
  Run run(marks_);
  run.bind(1, session.key);
  while (run.step()) {
    const auto conversation = run.id<ConversationId>(0);
    if (!ledger || !ledger->find(conversation)) out.push_back({conversation, run.number(1)});
  }
  return out;
}

errc Sessions::renew(const SessionLease& lease, Timestamp now) {
  Session stored;
  Session* session = cache_.cached(lease.session);
  if (!session) {
    // Leases of sessions that are attached and silent must not push the talking ones out of the
    // cache.
    session = &stored;
    Run run(find_);
    if (!run.bind(1, lease.session).step()) return errc::session_expired;
    stored.key = run.integer(0);
    stored.epoch = run.number(1);
    stored.seen = Timestamp{run.integer(2)};
  }
  if (session->epoch != lease.epoch) return errc::fenced;
  touch(*session, now);
  return errc::ok;
}

void Sessions::touch(Session& session, Timestamp now) {
  if (now - session.seen < coarse_) return;
  Run(touch_).bind(1, now.ns).bind(2, session.key).step();
  session.seen = now;
}

std::vector<SessionId> Sessions::expire(Nanoseconds idle, std::size_t limit, Timestamp now) {
  std::vector<Key> keys;
  {
    Run run(idle_);
    run.bind(1, (now - idle).ns).bind(2, static_cast<std::uint64_t>(limit));
    while (run.step()) keys.push_back({run.integer(0), run.id<SessionId>(1)});
  }
  std::vector<SessionId> out;
  out.reserve(keys.size());
  for (const Key& each : keys) {
    remove(each);
    out.push_back(each.id);
  }
  return out;
}

void Sessions::remove(const Key& session) {
  Run(remove_marks_).bind(1, session.key).step();
  bool has_sent = sqlite3_changes(db_) > 0;
  if (Session* const cached = cache_.cached(session.id)) {
    has_sent = has_sent || (cached->sender && cached->sender->last_row > unfolded_.base());
    cache_.remove(session.id, unfolded_);
  }
  // The row of a session that never sent anything is the origin of nothing.
  Run(has_sent ? retire_ : remove_).bind(1, session.key).step();
}

std::vector<std::int64_t> Sessions::remove_all(const std::string& participant) {
  std::vector<std::int64_t> all;
  std::vector<Key> present;
  {
    Run run(of_participant_);
    run.bind(1, participant);
    while (run.step()) {
      all.push_back(run.integer(0));
      if (!run.integer(2)) present.push_back({run.integer(0), run.id<SessionId>(1)});
    }
  }
  for (const Key& each : present) remove(each);
  return all;
}

Timestamp Sessions::latest() {
  Run run(latest_);
  return {run.step() ? run.integer(0) : 0};
}

}  // namespace kefu::inline v0::sqlite
