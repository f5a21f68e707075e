#include "postgres/queries.hpp"

#include <array>
#include <string>

namespace kefu::inline v0::postgres {
namespace {

#define KEFU_ENTRY \
  "conversation, log, seq, behind, sender, role, session, cseq, kind, body, tags, stored"
// A position is the transaction's id and the place in it (schema.hpp: kPositionBits).
#define KEFU_BASE "(SELECT xid_base FROM meta)"

}  // namespace

const char* sql(Query query) {
  switch (query) {
    case Query::begin:
      return "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
    case Query::commit:
      return "COMMIT";
    case Query::rollback:
      return "ROLLBACK";
    case Query::lock:
      return "SELECT count(pg_advisory_xact_lock(k)) FROM unnest($1::bigint[]) AS k";
    case Query::lock_shared:
      return "SELECT count(pg_advisory_xact_lock_shared(k)) FROM unnest($1::bigint[]) AS k";
    case Query::clock:
      return "SELECT clock_timestamp()";
    case Query::lane:
      return "SELECT serial FROM lane WHERE id = $1::uuid";
    case Query::put_lane:
      return "INSERT INTO lane(id, serial) VALUES($1::uuid, $2::bigint) "
             "ON CONFLICT (id) DO UPDATE SET serial = excluded.serial, used = now()";

    case Query::heads:
      return "SELECT conversation, version, public_tail, internal_tail FROM head "
             "WHERE conversation = ANY($1::uuid[])";
    case Query::epochs:
      return "SELECT id, epoch FROM session WHERE id = ANY($1::uuid[])";
    case Query::marks:
      return "SELECT m.session, m.conversation, m.accepted, m.kept "
             "FROM unnest($1::uuid[], $2::uuid[]) AS k(s, c) "
             "JOIN mark m ON m.session = k.s AND m.conversation = k.c";
    case Query::session:
      return "SELECT participant, epoch FROM session WHERE id = $1::uuid";
    case Query::marks_of:
      return "SELECT conversation, accepted FROM mark WHERE session = $1::uuid";
    case Query::records:
      return "SELECT k.n, r.version FROM unnest($1::smallint[], $2::bytea[]) WITH ORDINALITY "
             "AS k(kind, id, n) JOIN record r ON r.kind = k.kind AND r.id = k.id";
    case Query::entries:
      return "SELECT k.n, e.tags FROM unnest($1::uuid[], $2::smallint[], $3::bigint[]) WITH "
             "ORDINALITY AS k(c, l, s, n) "
             "JOIN entry e ON e.conversation = k.c AND e.log = k.l AND e.seq = k.s";
    case Query::idle_sessions:
      return "SELECT id FROM session WHERE seen <= $1::bigint ORDER BY seen LIMIT $2::bigint";
    case Query::still_idle:
      return "SELECT id FROM session WHERE id = ANY($1::uuid[]) AND seen <= $2::bigint";
    case Query::sessions_of:
      return "SELECT id FROM session WHERE participant = $1::bytea LIMIT $2::bigint";
    case Query::horizon:
      return "SELECT (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + " KEFU_BASE ") << 20";
    case Query::written_by:
      return "WITH s AS MATERIALIZED (SELECT position, sender = $4::bytea AND "
             "octet_length(body) > 0 AS hit FROM entry WHERE position > $1::bigint AND position < "
             "$2::bigint ORDER BY position LIMIT $3::bigint) SELECT t.last, t.rows, h.position "
             "FROM (SELECT max(position) AS last, count(*) AS rows FROM s) t "
             "LEFT JOIN (SELECT position FROM s WHERE hit) h ON true";

    case Query::put_entries:
      return "INSERT INTO entry(position, " KEFU_ENTRY
             ") SELECT (SELECT (pg_current_xact_id()::text::bigint + xid_base) << 20 FROM meta) + "
             "e.n - 1, " KEFU_ENTRY
             " FROM unnest($1::uuid[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bytea[], "
             "$6::smallint[], $7::uuid[], $8::bigint[], $9::bytea[], $10::bytea[], $11::bytea[], "
             "$12::bigint[]) WITH ORDINALITY AS e(" KEFU_ENTRY ", n)";
    case Query::put_heads:
      return "INSERT INTO head(conversation, version, public_tail, internal_tail) SELECT * FROM "
             "unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[]) "
             "ON CONFLICT (conversation) DO UPDATE SET version = excluded.version, "
             "public_tail = excluded.public_tail, internal_tail = excluded.internal_tail";
    case Query::put_marks:
      return "INSERT INTO mark(session, conversation, accepted, kept) SELECT * FROM "
             "unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bytea[]) "
             "ON CONFLICT (session, conversation) DO UPDATE SET accepted = excluded.accepted, "
             "kept = excluded.kept";
    case Query::put_session:
      return "INSERT INTO session(id, participant, epoch, seen) "
             "VALUES($1::uuid, $2::bytea, $3::bigint, $4::bigint) "
             "ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, seen = excluded.seen";
    case Query::renew:
      return "UPDATE session SET seen = $3::bigint FROM unnest($1::uuid[], $2::bigint[]) AS k(s, "
             "e) WHERE id = k.s AND epoch = k.e AND seen < $4::bigint";
    case Query::end_sessions:
      return "WITH gone AS (DELETE FROM session WHERE id = ANY($1::uuid[]) RETURNING id) "
             "DELETE FROM mark USING gone WHERE mark.session = gone.id";
    case Query::put_records:
      return "INSERT INTO record(kind, id, version, value) SELECT * FROM "
             "unnest($1::smallint[], $2::bytea[], $3::bigint[], $4::bytea[]) "
             "ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, "
             "value = excluded.value";
    case Query::remove_records:
      return "DELETE FROM record USING unnest($1::smallint[], $2::bytea[]) AS k(k, i) "
             "WHERE kind = k.k AND id = k.i";
    case Query::remove_keys:
      return "DELETE FROM record_index USING unnest($1::smallint[], $2::bytea[]) AS k(k, i) "
             "WHERE kind = k.k AND id = k.i";
    case Query::put_keys:
      return "INSERT INTO record_index(kind, name, key, id) SELECT * FROM unnest("
             "$1::smallint[], $2::bytea[], $3::bytea[], $4::bytea[]) ON CONFLICT DO NOTHING";
    case Query::redact:
      return "UPDATE entry SET body = '', tags = k.t "
             "FROM unnest($1::uuid[], $2::smallint[], $3::bigint[], $4::bytea[]) AS k(c, l, s, t) "
             "WHERE conversation = k.c AND log = k.l AND seq = k.s";
    case Query::empty:
      return "UPDATE entry SET body = '' WHERE position = ANY($1::bigint[])";

    case Query::page:
      return "SELECT 0::bigint, " KEFU_ENTRY
             " FROM (SELECT *, sum(octet_length(body)) OVER (ORDER BY seq ROWS UNBOUNDED "
             "PRECEDING) AS total FROM (SELECT * FROM entry WHERE conversation = $1::uuid AND "
             "log = $2::smallint AND seq > $3::bigint ORDER BY seq LIMIT $4::bigint) p) t "
             "WHERE total <= $5::bigint OR seq - 1 = $3::bigint ORDER BY seq";
    case Query::get:
      return "SELECT version, value FROM record WHERE kind = $1::smallint AND id = $2::bytea";
    case Query::scan:
      return "SELECT i.key, i.id, r.version, r.value FROM (SELECT * FROM record_index WHERE kind "
             "= $1::smallint AND name = $2::bytea AND (key, id) >= ($3::bytea, $4::bytea) AND "
             "(NOT $5::boolean OR (key, id) <> ($3::bytea, $4::bytea)) AND (NOT $6::boolean OR key "
             "< $7::bytea) ORDER BY key, id LIMIT $8::bigint) i JOIN record r ON r.kind = "
             "$1::smallint AND r.id = i.id ORDER BY i.key, i.id";
    case Query::events:
      return "SELECT position, " KEFU_ENTRY
             " FROM entry WHERE position > $1::bigint AND position < (SELECT "
             "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint + xid_base) << 20 FROM meta) "
             "ORDER BY position LIMIT $2::bigint";
    case Query::search:
      // encode() makes any bytes a text in which what is in the body is still found; now and then
      // it finds more, which the caller sorts out.
      return "WITH s AS MATERIALIZED (SELECT * FROM entry WHERE position < $1::bigint ORDER BY "
             "position DESC LIMIT $2::bigint), m AS MATERIALIZED (SELECT * FROM s WHERE sender <> "
             "'' AND (log = 0 OR $5::boolean) AND ($6::boolean OR conversation = "
             "ANY($7::uuid[])) AND strpos(lower(encode(body, 'escape') COLLATE \"C\"), "
             "lower(encode($4::bytea, 'escape') COLLATE \"C\")) > 0 ORDER BY position DESC LIMIT "
             "$3::bigint) SELECT m.position, m.conversation, m.log, m.seq, m.behind, m.sender, "
             "m.role, m.session, m.cseq, m.kind, m.body, m.tags, m.stored, t.rows, t.low "
             "FROM (SELECT count(*) AS rows, min(position) AS low FROM s) t LEFT JOIN m ON true "
             "ORDER BY m.position DESC";
  }
  return "";
}

const char* name(Query query) {
  static const auto kNames = [] {
    std::array<std::string, kQueries> names;
    for (std::size_t i = 0; i < kQueries; ++i) names[i] = "kefu_" + std::to_string(i);
    return names;
  }();
  return kNames[static_cast<std::size_t>(query)].c_str();
}

#undef KEFU_ENTRY
#undef KEFU_BASE

}  // namespace kefu::inline v0::postgres
