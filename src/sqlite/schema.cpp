#include "sqlite/schema.hpp"

#include <array>
#include <string>

#include "sqlite/connection.hpp"
#include "sqlite/places.hpp"
#include "sqlite/statement.hpp"

namespace kefu::inline v0::sqlite {
namespace {

constexpr char kFirstTables[] = R"sql(
-- Conversations and sessions have small integer keys, so that a log row is short. The tails lag behind the log: see
-- `checkpoint`.
CREATE TABLE conversation(
  key INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,
  public_tail INTEGER NOT NULL DEFAULT 0, internal_tail INTEGER NOT NULL DEFAULT 0);

-- A session that has expired keeps its row, with `seen` and `epoch` NULL, as the origin of what it sent.
CREATE TABLE session(
  key INTEGER PRIMARY KEY, id BLOB NOT NULL, participant TEXT, epoch INTEGER, seen INTEGER);
CREATE INDEX session_by_id ON session(id);
CREATE INDEX session_by_seen ON session(seen) WHERE seen IS NOT NULL;

-- What happened, in commit order; appended to, and rewritten only by an erasure or a redaction. The columns that a fold needs stand
-- before the texts. `flags`: 1 internal log; 2 and 4 the role; 8 denied, 16 closed: a refusal, with neither seq nor texts.
-- `sender` NULL: the session's participant.
CREATE TABLE log(
  position INTEGER PRIMARY KEY, conversation INTEGER NOT NULL, flags INTEGER NOT NULL, seq INTEGER NOT NULL,
  after INTEGER NOT NULL, session INTEGER, cseq INTEGER, digest INTEGER, at INTEGER NOT NULL,
  sender TEXT, kind TEXT, body TEXT);

-- Three folds of the log, behind its end: the tails above, the marks, and the place of each entry. They hold at least
-- what the log says up to `checkpoint.position`; rows behind it are folded again when the file is opened.
CREATE TABLE checkpoint(only INTEGER PRIMARY KEY CHECK(only = 1), position INTEGER NOT NULL);
INSERT INTO checkpoint VALUES(1, 0);
-- `kept`: the last outcomes, oldest first (see marks.hpp).
CREATE TABLE mark(
  session INTEGER, conversation INTEGER, accepted INTEGER NOT NULL, kept BLOB NOT NULL,
  PRIMARY KEY(session, conversation)) WITHOUT ROWID;
-- `log`: 2 * conversation, + 1 for the internal log.
CREATE TABLE place(log INTEGER, seq INTEGER, position INTEGER NOT NULL, PRIMARY KEY(log, seq)) WITHOUT ROWID;

CREATE TABLE record(
  kind INTEGER, id TEXT, version INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY(kind, id)) WITHOUT ROWID;
CREATE TABLE record_index(
  kind INTEGER, name TEXT, key TEXT, id TEXT, PRIMARY KEY(kind, name, key, id)) WITHOUT ROWID;
CREATE INDEX record_index_by_id ON record_index(kind, id);
)sql";

void create_tables(sqlite3* db) { execute(db, kFirstTables); }

// `positions`: of the entries with seq `first`, first + 1 … (see places.hpp).
constexpr char kPlaceTable[] = R"sql(
ALTER TABLE place RENAME TO old_place;
CREATE TABLE place(log INTEGER, first INTEGER, positions BLOB NOT NULL, PRIMARY KEY(log, first)) WITHOUT ROWID;
)sql";

void copy_places(sqlite3* db) {
  // Those behind the checkpoint are of a round that did not end; they are written again.
  Statement old(db,
                "SELECT log, seq, position FROM old_place WHERE position <= (SELECT position FROM "
                "checkpoint) ORDER BY log, seq");
  Statement insert(db, "INSERT INTO place VALUES(?, ?, ?)");
  std::int64_t log = 0;
  std::uint64_t first = 0;
  PlaceWriter place;
  const auto write = [&] {
    if (place.size()) Run(insert).bind(1, log).bind(2, first).bind_blob(3, place.bytes()).step();
    place.clear();
  };
  Run row(old);
  while (row.step()) {
    if (row.integer(0) != log || place.size() == kEntriesPerPlace) write();
    if (place.size() == 0) {
      log = row.integer(0);
      first = row.number(1);
    }
    place.add(row.number(2));
  }
  write();
}

void shorten_places(sqlite3* db) {
  execute(db, kPlaceTable);
  copy_places(db);
  execute(db, "DROP TABLE old_place");
}

// NULL: none.
void add_tags(sqlite3* db) { execute(db, "ALTER TABLE log ADD COLUMN tags TEXT"); }

// Steps are never changed once released: a new version appends one, and step i takes a file from
// version i to i + 1.
constexpr std::array kSteps = {create_tables, shorten_places, add_tags};

constexpr std::int64_t kVersion = static_cast<std::int64_t>(kSteps.size());

}  // namespace

FileState inspect_file(sqlite3* db) {
  const std::int64_t application = ask(db, "PRAGMA application_id");
  const std::int64_t version = ask(db, "PRAGMA user_version");
  if (application == kApplicationId) {
    if (version == kVersion) return FileState::current;
    return version > kVersion ? FileState::newer : FileState::older;
  }
  const bool empty =
      application == 0 && version == 0 && ask(db, "SELECT count(*) FROM sqlite_schema") == 0;
  return empty ? FileState::empty : FileState::foreign;
}

void migrate(sqlite3* db) {
  execute(db, "BEGIN IMMEDIATE");
  for (std::int64_t version = ask(db, "PRAGMA user_version"); version < kVersion; ++version) {
    kSteps[static_cast<std::size_t>(version)](db);
    execute(db, "PRAGMA user_version = " + std::to_string(version + 1));
  }
  execute(db, "PRAGMA application_id = " + std::to_string(kApplicationId));
  execute(db, "COMMIT");
}

}  // namespace kefu::inline v0::sqlite
