// Text of any bytes is bytea: bodies and ids may hold what is no valid text to the database, and
// bytes compare as the port wants it. Times are nanoseconds since 1970, unsigned numbers the same
// 64 bits.
#include "postgres/schema.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "postgres/keys.hpp"

namespace kefu::inline v0::postgres {
namespace {

struct Migration {
  int to;
  const char* sql;
};

// A migration may add tables, columns with defaults and indexes, and nothing else: nodes of the
// version before go on (tests/integration/postgres/test_versions.cpp). What is no longer used goes
// two versions later, when no node is left that asks for it.
constexpr Migration kMigrations[] = {{1, R"(
CREATE TABLE meta(
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  version integer NOT NULL,
  cluster bigint NOT NULL,           -- its system identifier
  xid_base bigint NOT NULL           -- added to ids of transactions: a restored dump meets lower ones
);
CREATE TABLE session(
  id uuid PRIMARY KEY,
  participant bytea NOT NULL,
  epoch bigint NOT NULL,
  seen bigint NOT NULL               -- attached, or renewed to within a minute
);
CREATE INDEX session_seen ON session(seen);
CREATE INDEX session_participant ON session(participant);
CREATE TABLE head(
  conversation uuid PRIMARY KEY,
  version bigint NOT NULL,           -- of its record; 0: there is none
  public_tail bigint NOT NULL,
  internal_tail bigint NOT NULL
) WITH (fillfactor = 80);
CREATE TABLE mark(
  session uuid NOT NULL,
  conversation uuid NOT NULL,
  accepted bigint NOT NULL,          -- the highest cseq that has an outcome
  kept bytea NOT NULL,               -- the last outcomes, the oldest first (marks.hpp)
  PRIMARY KEY (session, conversation)
) WITH (fillfactor = 80);
CREATE TABLE entry(
  position bigint NOT NULL UNIQUE,   -- the order of events
  conversation uuid NOT NULL,
  log smallint NOT NULL,             -- 0: public, 1: internal
  seq bigint NOT NULL,
  behind bigint NOT NULL,            -- internal: the public seq behind which it stands
  sender bytea NOT NULL,
  role smallint NOT NULL,
  session uuid NOT NULL,             -- the origin; zeros: no client's send
  cseq bigint NOT NULL,
  kind bytea NOT NULL,
  body bytea NOT NULL,
  tags bytea NOT NULL,
  stored bigint NOT NULL,
  PRIMARY KEY (conversation, log, seq)
);
CREATE TABLE record(
  kind smallint NOT NULL,
  id bytea NOT NULL,
  version bigint NOT NULL,
  value bytea NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE TABLE record_index(
  kind smallint NOT NULL,
  name bytea NOT NULL,
  key bytea NOT NULL,
  id bytea NOT NULL,
  PRIMARY KEY (kind, name, key, id)
);
CREATE INDEX record_index_record ON record_index(kind, id);
CREATE TABLE lane(                   -- what became of a commit whose answer was lost
  id uuid PRIMARY KEY,
  serial bigint NOT NULL,            -- of the last transaction that this connection has committed
  used timestamptz NOT NULL DEFAULT now()
);
INSERT INTO meta(version, cluster, xid_base)
  SELECT 1, system_identifier, 0 FROM pg_control_system();
)"}};

[[noreturn]] void fail(errc code, const std::string& what) {
  throw std::system_error(make_error_code(code), "PostgreSQL: " + what);
}

struct Clear {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

Result run(PGconn* link, const std::string& sql) {
  Result result(PQexec(link, sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
    fail(errc::unavailable, PQerrorMessage(link));
  return result;
}

/// The only value of the only row; empty when there is none.
std::string value(PGconn* link, const std::string& sql) {
  const Result result = run(link, sql);
  return PQntuples(result.get()) == 0 ? std::string() : PQgetvalue(result.get(), 0, 0);
}

bool is_name(std::string_view text) {
  constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyz_";
  return !text.empty() && text.size() <= 63 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == text.npos &&
         kFirst.find(text.front()) != kFirst.npos;
}

const char* name(Synchronous level) {
  switch (level) {
    case Synchronous::on:
      return "on";
    case Synchronous::remote_apply:
      return "remote_apply";
    case Synchronous::remote_write:
      return "remote_write";
    case Synchronous::local:
      return "local";
  }
  return "on";
}

int version_of(PGconn* link, const Options& options) {
  if (value(link, "SELECT to_regclass('" + options.schema + ".meta')").empty()) return 0;
  return std::atoi(value(link, "SELECT version FROM meta").c_str());
}

void migrate(PGconn* link, const Options& options, int version) {
  if (!options.migrate)
    fail(errc::store_version, "the tables are of version " + std::to_string(version));
  run(link, "CREATE SCHEMA IF NOT EXISTS " + options.schema);
  for (const Migration& step : kMigrations) {
    if (step.to <= version) continue;
    run(link, step.sql);
    run(link, "UPDATE meta SET version = " + std::to_string(step.to));
  }
}

/// Tables that came here as a dump: their positions must stay below the new ones. No other node
/// uses them yet.
void adopt(PGconn* link) {
  run(link,
      "UPDATE meta SET cluster = c.system_identifier, xid_base = greatest(0, (SELECT "
      "coalesce(max(position), 0) >> " +
          std::to_string(kPositionBits) +
          " FROM entry) + 1 - pg_current_xact_id()::text::bigint) "
          "FROM pg_control_system() c WHERE cluster <> c.system_identifier");
}

}  // namespace

std::string settings_of(const Options& options) {
  const auto seconds = [](Nanoseconds time) {
    return (time.count() + 999'999'999) / 1'000'000'000;
  };
  const std::string patience = std::to_string(seconds(options.timeout)) + "s";
  const std::string stall = std::to_string((options.stall.count() + 999'999) / 1'000'000) + "ms";
  const std::string ask = std::to_string(seconds(options.stall));
  const std::string cut_off = std::to_string(4 * seconds(options.stall)) + "s";
  // The plans are plain, and must not depend on what the tables held when they were made. What a
  // node leaves behind that died or stands still must not hold up the others for long.
  return "SET search_path = " + options.schema +
         "; SET synchronous_commit = " + name(options.synchronous) + "; SET statement_timeout = '" +
         patience + "'; SET idle_in_transaction_session_timeout = '" + stall +
         "'; SET client_connection_check_interval = '1s'; SET tcp_keepalives_idle = " + ask +
         "; SET tcp_keepalives_interval = " + ask +
         "; SET tcp_keepalives_count = 3; SET tcp_user_timeout = '" + cut_off +
         "'; SET plan_cache_mode = "
         "force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; SET "
         "enable_mergejoin = off; SET jit = off; SET bytea_output = hex";
}

Link prepare_schema(Address& address, const Options& options) {
  if (!is_name(options.schema)) throw std::invalid_argument("the name of a schema");
  if (options.writers == 0 || options.readers == 0 || options.timeout <= Nanoseconds{0} ||
      options.stall <= Nanoseconds{0} || options.ping <= Nanoseconds{0})
    throw std::invalid_argument("no connections, or no time for them");
  Link link = address.connect();
  if (PQstatus(link.get()) != CONNECTION_OK) fail(errc::unavailable, PQerrorMessage(link.get()));
  run(link.get(), "SET client_min_messages = warning");
  run(link.get(), settings_of(options));
  run(link.get(), "BEGIN");
  run(link.get(),
      "SELECT pg_advisory_xact_lock(" + std::to_string(Keys(options.schema).lane(0, 0)) + ")");
  const int version = version_of(link.get(), options);
  if (version > kSchemaVersion + 1)
    fail(errc::store_version, "the tables are of version " + std::to_string(version));
  if (version < kSchemaVersion) migrate(link.get(), options, version);
  adopt(link.get());
  run(link.get(), "DELETE FROM lane WHERE used < now() - interval '1 day'");
  run(link.get(), "COMMIT");
  return link;
}

}  // namespace kefu::inline v0::postgres
