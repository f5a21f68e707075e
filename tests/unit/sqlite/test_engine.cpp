// What a store of which nobody asks anything lets go of, it must find again.
#include "sqlite/engine.hpp"

#include <doctest/doctest.h>

#include <kefu/testing/manual_clock.hpp>
#include <vector>

#include "disk.hpp"
#include "scratch.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

constexpr char kPath[] = "engine.db";
constexpr std::uint64_t kSessions = 200;
constexpr std::uint64_t kEach = 40;  // sends of each: together worth a round

std::vector<Outcome> append(sqlite::Engine& engine, std::uint64_t of, std::uint64_t first,
                            std::uint64_t count) {
  AppendBatch batch;
  for (std::uint64_t cseq = first; cseq < first + count; ++cseq) batch.add(draft(of, of, cseq));
  CHECK(engine.transact([&] { engine.log.append(batch, engine.now()); }) == errc::ok);
  return batch.outcomes();
}

void fill(sqlite::Engine& engine) {
  for (std::uint64_t of = 0; of < kSessions; ++of) {
    const AttachRequest request{session(of), {"ann", Role::visitor}, 1, true};
    CHECK(engine.transact([&] { (void)engine.sessions.attach(request, engine.now()); }) ==
          errc::ok);
    for (const Outcome& outcome : append(engine, of, 1, kEach)) REQUIRE(outcome.code == errc::ok);
  }
}

/// Every retry meets its outcome, what follows is stored, and everything is read.
void check(sqlite::Engine& engine) {
  const std::uint64_t window = limits{}.window;
  for (std::uint64_t of = 0; of < kSessions; ++of) {
    for (const Outcome& outcome : append(engine, of, kEach - window + 1, window)) {
      CHECK(outcome.code == errc::ok);
      CHECK(outcome.repeated);
    }
    CHECK(append(engine, of, kEach - window, 1)[0].code == errc::duplicate);
    CHECK(append(engine, of, kEach + 2, 1)[0].code == errc::gap);
    CHECK(append(engine, of, kEach + 1, 1)[0].seq == kEach + 1);
    const Page page = engine.reader.read({conversation(of), Log::public_log, 0, 1000, 1 << 20});
    REQUIRE(page.entries.size() == kEach + 1);
    CHECK(page.entries.back().from == "ann");
    const AttachRequest again{session(of), {"ann", Role::visitor}, 2, false};
    CHECK(engine.transact([&] {
      const AttachOutcome outcome = engine.sessions.attach(again, engine.now());
      REQUIRE(outcome.marks.size() == 1);
      CHECK(outcome.marks[0].accepted == kEach + 1);
    }) == errc::ok);
    CHECK(append(engine, of, kEach + 2, 1)[0].code == errc::fenced);
    CHECK(engine.sessions.attach({session(of), {"eve", Role::visitor}, 9, false}, {}).code ==
          errc::denied);
  }
}

TEST_CASE("sqlite engine: what has been let go is found again") {
  const testing::ManualClock clock;
  const Disk disk;
  sqlite::Engine engine(kPath, clock, {}, limits{});
  CHECK_FALSE(engine.may_rest());
  fill(engine);
  int slices = 0;
  for (; engine.may_rest(); ++slices) engine.rest();
  CHECK(slices > 0);
  check(engine);
}

TEST_CASE("sqlite engine: who comes back in the middle of it finds everything") {
  const testing::ManualClock clock;
  const Disk disk;
  sqlite::Engine engine(kPath, clock, {}, limits{});
  fill(engine);
  REQUIRE(engine.may_rest());
  engine.rest();
  check(engine);
}

TEST_CASE("sqlite engine: a renewed lease knows its epoch, whatever was let go") {
  const testing::ManualClock clock;
  const Disk disk;
  sqlite::Engine engine(kPath, clock, {}, limits{});
  fill(engine);
  while (engine.may_rest()) engine.rest();
  CHECK(engine.sessions.renew({session(1), 1}, engine.now()) == errc::ok);
  CHECK(engine.sessions.renew({session(1), 2}, engine.now()) == errc::fenced);
  CHECK(engine.sessions.renew({session(999), 1}, engine.now()) == errc::session_expired);
}

}  // namespace
