#include <kefu/sqlite/store.hpp>

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <kefu/testing/manual_clock.hpp>
#include <kefu/testing/store_conformance.hpp>

#include "scratch.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

class SqliteFactory final : public kefu::testing::StoreFactory {
 public:
  explicit SqliteFactory(kefu::sqlite::Options options, std::uint64_t seed = 1)
      : options_(options), seed_(seed) {}

  std::unique_ptr<kefu::Store> open() override {
    path_ = scratch_.file(std::to_string(++opened_) + ".db");
    return reopen();
  }
  [[nodiscard]] bool durable() const override { return true; }
  std::unique_ptr<kefu::Store> reopen() override {
    return std::make_unique<kefu::sqlite::Store>(path_, clock_, options_);
  }
  bool advance(kefu::Nanoseconds by) override {
    clock_.advance(by);
    return true;
  }
  [[nodiscard]] std::uint64_t seed() const override { return seed_; }

 private:
  Scratch scratch_;
  testing::ManualClock clock_;
  kefu::sqlite::Options options_;
  std::uint64_t seed_;
  int opened_ = 0;
  std::string path_;
};

void run_all(SqliteFactory& factory) {
  for (const kefu::testing::StoreCheck& check : kefu::testing::store_checks()) {
    CAPTURE(check.name);
    CHECK_EQ(check.run(factory), "");
  }
}

// Most checks wait for one commit after the other, and what survives power loss is not theirs to
// find out: NORMAL.
constexpr kefu::sqlite::Options kFast{kefu::sqlite::Synchronous::normal};

TEST_CASE("sqlite store: conformance") {
  SqliteFactory factory(kFast);
  run_all(factory);
}

TEST_CASE("sqlite store: conformance, with a checkpoint every few rows and a small WAL") {
  kefu::sqlite::Options options = kFast;
  options.checkpoint_entries = 6;
  options.wal_bytes = 64 * 1024;
  SqliteFactory factory(options, 2);
  run_all(factory);
}

errc open_error(const std::string& path) {
  try {
    sqlite::Store store(path);
  } catch (const std::system_error& error) {
    CHECK_NE(std::string(error.what()).find(path), std::string::npos);
    return static_cast<errc>(error.code().value());
  }
  return errc::ok;
}

void execute(const std::string& path, const char* sql) {
  sqlite3* db = nullptr;
  REQUIRE_EQ(sqlite3_open(path.c_str(), &db), SQLITE_OK);
  CHECK_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(db);
}

TEST_CASE("sqlite store: one store has a file at a time") {
  const Scratch scratch;
  const std::string path = scratch.file("a.db");
  const std::string link = scratch.file("link.db");
  {
    const sqlite::Store store(path);
    std::filesystem::create_symlink(path, link);
    CHECK_EQ(open_error(path), errc::store_locked);
    CHECK_EQ(open_error(link), errc::store_locked);
    const pid_t child = fork();
    if (child == 0)
      _exit(open_error(path) == errc::store_locked && open_error(link) == errc::store_locked ? 0
                                                                                             : 1);
    int status = -1;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(status, 0);
  }
  CHECK_EQ(open_error(link), errc::ok);
  CHECK_EQ(open_error(path), errc::ok);
}

TEST_CASE("sqlite store: tells what it cannot open") {
  const Scratch scratch;
  CHECK_EQ(open_error(scratch.file("no folder/a.db")), errc::store_failed);

  std::ofstream(scratch.file("text")) << std::string(5'000, 'x');
  CHECK_EQ(open_error(scratch.file("text")), errc::corrupt);

  execute(scratch.file("other.db"), "CREATE TABLE t(x)");
  CHECK_EQ(open_error(scratch.file("other.db")), errc::corrupt);
  execute(scratch.file("other.db"), "INSERT INTO t VALUES(1)");  // it was left alone

  { sqlite::Store store(scratch.file("newer.db")); }
  execute(scratch.file("newer.db"), "PRAGMA user_version = 1000");
  CHECK_EQ(open_error(scratch.file("newer.db")), errc::store_version);
  execute(scratch.file("newer.db"), "PRAGMA user_version = 3");
  CHECK_EQ(open_error(scratch.file("newer.db")), errc::ok);

  std::ofstream(scratch.file("empty"));
  CHECK_EQ(open_error(scratch.file("empty")), errc::ok);
}

TEST_CASE("sqlite store: finds out that the log was tampered with") {
  const Scratch scratch;
  const testing::ManualClock clock;
  const std::string path = scratch.file("a.db");
  const auto fill = [&](std::uint64_t from) {
    sqlite::Store store(path, clock, kFast);
    attach(store, session(0), from, from == 1);
    for (std::uint64_t cseq = from; cseq < from + 20; ++cseq) {
      Draft each = draft(0, 0, cseq);
      each.epoch = from;
      append(store, {each});
    }
  };
  fill(1);
  execute(path, "UPDATE checkpoint SET position = 0; DELETE FROM log WHERE position = 7");
  CHECK_EQ(open_error(path), errc::corrupt);
}

/// Sends the next message whenever one is stored, for as long as the store takes them.
struct Sender {
  kefu::Store* store = nullptr;
  std::uint64_t stored = 0;
  errc ended = errc::ok;

  void send() {
    auto batch = std::make_unique<AppendBatch>();
    batch->add(draft(0, 0, stored + 1));
    store->append(std::move(batch), [this](std::unique_ptr<AppendBatch> back) {
      ended = back->outcomes().front().code;
      if (ended != errc::ok) return;
      ++stored;
      send();
    });
  }
};

TEST_CASE("sqlite store: when it is destroyed, everything is completed") {
  const Scratch scratch;
  const testing::ManualClock clock;
  Sender sender;
  {
    sqlite::Store store(scratch.file("a.db"), clock, kFast);
    attach(store, session(0), 1, true);
    sender.store = &store;
    sender.send();
    while (test::read(store, conversation(0)).tail < 20) {
    }
  }
  CHECK_EQ(sender.ended, errc::unavailable);
  sqlite::Store store(scratch.file("a.db"), clock, kFast);
  CHECK_EQ(test::read(store, conversation(0)).tail, sender.stored);
}

TEST_CASE("sqlite store: its clock does not go back when it is opened again") {
  const Scratch scratch;
  testing::ManualClock clock;
  Timestamp last;
  {
    sqlite::Store store(scratch.file("a.db"), clock, kFast);
    attach(store, session(0), 1, true);
    last = append(store, {draft(0, 0, 1)}).front().at;
  }
  clock.advance(-std::chrono::hours(1));
  const sqlite::Store store(scratch.file("a.db"), clock, kFast);
  CHECK_GE(store.now(), last);
}

TEST_CASE("sqlite store: more sessions and conversations than it keeps in memory") {
  const Scratch scratch;
  const testing::ManualClock clock;
  sqlite::Options options = kFast;
  options.checkpoint_entries = 2'000;
  sqlite::Store store(scratch.file("a.db"), clock, options);
  constexpr std::uint64_t kMany = 80'000;
  constexpr std::uint64_t kAtOnce = 1'000;
  for (std::uint64_t n = 0; n < kMany; n += kAtOnce) {
    std::vector<Draft> drafts;
    for (std::uint64_t i = n; i < n + kAtOnce; ++i) {
      const bool last = i + 1 == n + kAtOnce;
      AttachRequest request{session(i), {"ann", Role::visitor}, 1, true};
      if (last) {
        ask<AttachOutcome>([&](auto done) { store.attach(request, std::move(done)); });
      } else {
        store.attach(request, [](AttachOutcome) {});
      }
      drafts.push_back(draft(i, i, 1));
      drafts.push_back(draft(i, i, 2));
    }
    for (const Outcome& outcome : append(store, drafts)) REQUIRE_EQ(outcome.code, errc::ok);
  }
  for (std::uint64_t n = 0; n < kMany; n += 997) {
    CHECK(append(store, {draft(n, n, 2)}).front().repeated);
    CHECK_EQ(append(store, {draft(n, n, 3)}).front().seq, 3);
    CHECK_EQ(test::read(store, conversation(n)).entries.size(), 3);
  }
}

}  // namespace
