// A file that an older version wrote, opened by this one.
#include <kefu/sqlite/store.hpp>

#include <doctest/doctest.h>

#include <fstream>
#include <kefu/testing/manual_clock.hpp>
#include <sstream>

#include "disk.hpp"
#include "scratch.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

constexpr char kPath[] = "old.db";

/// Writes a file as a script says, to the disk that is SQLite's default.
void write_file(const std::string& script) {
  std::ifstream in(std::string(KEFU_SOURCE_DIR) + "/tests/unit/sqlite/" + script);
  std::ostringstream sql;
  sql << in.rdbuf();
  sqlite3* db = nullptr;
  REQUIRE_EQ(sqlite3_open(kPath, &db), SQLITE_OK);
  // The disk has no shared memory.
  REQUIRE_EQ(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE", nullptr, nullptr, nullptr),
             SQLITE_OK);
  REQUIRE_EQ(sqlite3_exec(db, sql.str().c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  REQUIRE_EQ(sqlite3_close(db), SQLITE_OK);
}

Entry at(const Page& page, std::uint64_t seq) { return page.entries.at(seq - 1); }

Page read_internal(Store& store, ConversationId of) {
  return *ask<result<Page>>([&](auto done) {
    store.read({of, Log::internal, 0, 1'000, 1'000'000}, std::move(done));
  });
}

void check_logs(Store& store) {
  const Page first = test::read(store, conversation(0));
  REQUIRE_EQ(first.tail, 300);
  REQUIRE_EQ(first.entries.size(), 300);
  for (std::uint64_t seq = 1; seq <= 300; ++seq) {
    CHECK_EQ(at(first, seq).origin, Origin{session(0), seq});
    const Page rest = test::read(store, conversation(0), seq - 1, 3);
    CHECK_EQ(rest.entries.front().seq, seq);
    CHECK_EQ(rest.entries.size(), std::min<std::uint64_t>(3, 301 - seq));
  }
  const Page second = test::read(store, conversation(1));
  REQUIRE_GE(second.entries.size(), 11);
  CHECK_EQ(at(second, 1).body, "from a session that expires");
  CHECK_EQ(at(second, 1).origin, Origin{session(2), 1});
  for (std::uint64_t seq = 3; seq <= 6; ++seq) CHECK_EQ(at(second, seq).body, "from ann");
  CHECK_EQ(at(second, 7).from, "bob");
  CHECK_EQ(at(second, 10).kind, "assigned");
  CHECK_EQ(at(second, 11).body, "the last");
  const Page notes = read_internal(store, conversation(1));
  REQUIRE_EQ(notes.entries.size(), 3);
  CHECK_EQ(at(notes, 3).after, 8);
}

void check_sessions(Store& store) {
  const AttachOutcome ann = attach(store, session(0), 2, false);
  REQUIRE_EQ(ann.code, errc::ok);
  REQUIRE_EQ(ann.marks.size(), 2);
  CHECK_EQ(ann.marks[0].accepted + ann.marks[1].accepted, 307);
  CHECK_EQ(attach(store, session(1), 2, false, "bob").marks.at(0).accepted, 6);
  CHECK_EQ(attach(store, session(2), 2, false, "eve").code, errc::session_expired);
  for (std::uint64_t cseq = 1; cseq <= 8; ++cseq) {
    Draft again = draft(0, 1, cseq, cseq == 7 ? "the last" : "from ann");
    again.epoch = 2;
    const Outcome outcome = append(store, {again}).front();
    CHECK_EQ(outcome.code, errc::ok);
    CHECK_EQ(outcome.repeated, cseq < 8);
  }
}

void check_all() {
  const testing::ManualClock clock;
  {
    sqlite::Store store(kPath, clock);
    check_logs(store);
    check_sessions(store);
  }
  sqlite::Store store(kPath, clock);
  check_logs(store);
  CHECK_EQ(test::read(store, conversation(1)).tail, 12);
}

TEST_CASE("sqlite store: opens a file of version 1") {
  Disk disk;
  write_file("version_1.sql");
  check_all();
}

TEST_CASE("sqlite store: power lost at every step of opening a file of version 1") {
  std::uint64_t step = 1;
  for (bool struck = true; struck; ++step) {
    CAPTURE(step);
    const testing::ManualClock clock;
    Disk disk(step);
    write_file("version_1.sql");
    disk.fail(step, Disk::Fault::power_cut);
    try {
      sqlite::Store(kPath, clock);
    } catch (const std::system_error&) {
      CHECK(disk.struck());
    }
    struck = disk.struck();
    disk.repair();
    check_all();
  }
  CHECK_GT(step, 10);
}

}  // namespace
