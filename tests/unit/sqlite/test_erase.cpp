// An erasure of more than a slice: others' appends go on beside it, and it can be cut off anywhere.
#include <kefu/sqlite/store.hpp>

#include <doctest/doctest.h>

#include <kefu/testing/manual_clock.hpp>

#include "disk.hpp"
#include "scratch.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

constexpr char kPath[] = "erase.db";
constexpr char kSecret[] = "my secret number";

result<std::uint64_t> erase(Store& store, const std::string& who) {
  return ask<result<std::uint64_t>>([&](auto done) { store.erase(who, std::move(done)); });
}

/// Ann writes all of conversation 0, and half of conversation 1 through Bob's session.
void fill(Store& store, std::uint64_t entries) {
  attach(store, session(0), 1, true);
  attach(store, session(1), 1, true, "bob");
  std::vector<Draft> drafts;
  for (std::uint64_t cseq = 1; cseq <= entries; ++cseq) {
    drafts.push_back(draft(0, 0, cseq, kSecret));
    drafts.push_back(draft(1, 1, cseq, cseq % 2 ? kSecret : "harmless"));
    if (cseq % 2 == 0) drafts.back().from = "bob";
  }
  for (const Outcome& outcome : append(store, drafts)) REQUIRE_EQ(outcome.code, errc::ok);
}

/// Sends as Bob for as long as the erasure is not answered.
struct Bob {
  Store& store;
  std::uint64_t cseq;
  std::uint64_t stored = 0;
  bool erased = false;

  void send() {
    auto batch = std::make_unique<AppendBatch>();
    Draft next = draft(1, 1, ++cseq, "still here");
    next.from = "bob";
    batch->add(next);
    store.append(std::move(batch), [this](std::unique_ptr<AppendBatch> back) {
      if (back->outcomes().front().code != errc::ok) return;
      ++stored;
      if (!erased) send();
    });
  }
};

TEST_CASE("sqlite store: what was redacted leaves the WAL without an erasure") {
  const testing::ManualClock clock;
  Disk disk;
  sqlite::Store store(kPath, clock);
  fill(store, 10);
  Commit commit;
  for (std::uint64_t seq = 1; seq <= 10; ++seq) {
    for (const std::uint64_t of : {0u, 1u})
      commit.redactions.push_back({conversation(of), Log::public_log, seq, "rewritten,recalled"});
  }
  CHECK(
      ask<result<Committed>>([&](auto done) { store.commit(std::move(commit), std::move(done)); }));
  // It goes when the store has nothing to do: between these.
  bool held = true;
  for (int i = 0; held && i < 10'000; ++i) {
    CHECK(read(store, conversation(0)).entries.front().body.empty());
    held = disk.holds(kSecret);
  }
  CHECK_FALSE(held);
}

TEST_CASE("sqlite store: appends go on beside an erasure") {
  constexpr std::uint64_t kEntries = 20'000;
  const testing::ManualClock clock;
  Disk disk;
  sqlite::Store store(kPath, clock);
  fill(store, kEntries);
  Bob bob{store, kEntries};
  std::promise<std::uint64_t> answered;
  std::uint64_t stored_before = 0;
  store.erase("ann", [&](result<std::uint64_t> emptied) {
    bob.erased = true;
    stored_before = bob.stored;
    answered.set_value(*emptied);
  });
  bob.send();
  CHECK_EQ(answered.get_future().get(), kEntries * 3 / 2);
  CHECK_GT(stored_before, 10);
  CHECK_FALSE(disk.holds(kSecret));
  const Page page = test::read(store, conversation(1));
  CHECK_GE(page.tail, kEntries + stored_before);
  CHECK_EQ(page.entries[kEntries].body, "still here");
  CHECK_EQ(page.entries[1].body, "harmless");
  CHECK_EQ(*erase(store, "ann"), 0);
}

TEST_CASE("sqlite store: one erasure behind the other, and what comes after the call stays") {
  const testing::ManualClock clock;
  const Disk disk;
  sqlite::Store store(kPath, clock);
  fill(store, 5'000);
  std::promise<std::uint64_t> first, second;
  store.erase("ann", [&](result<std::uint64_t> emptied) { first.set_value(*emptied); });
  store.erase("bob", [&](result<std::uint64_t> emptied) { second.set_value(*emptied); });
  REQUIRE_EQ(attach(store, session(2), 1, true).code, errc::ok);
  REQUIRE_EQ(append(store, {draft(2, 1, 1, "ann came back")}).front().code, errc::ok);
  CHECK_EQ(first.get_future().get(), 7'500);
  CHECK_EQ(second.get_future().get(), 2'500);
  CHECK_EQ(test::read(store, conversation(1)).entries.back().body, "ann came back");
  CHECK_EQ(attach(store, session(0), 2, false).code, errc::session_expired);
}

TEST_CASE("sqlite store: when it is destroyed, an erasure is finished") {
  const testing::ManualClock clock;
  Disk disk;
  std::uint64_t emptied = 0;
  {
    sqlite::Store store(kPath, clock);
    fill(store, 5'000);
    store.erase("ann", [&](result<std::uint64_t> bodies) { emptied = *bodies; });
  }
  CHECK_EQ(emptied, 7'500);
  CHECK_FALSE(disk.holds(kSecret));
}

TEST_CASE("sqlite store: an erasure that is cut off can be asked for again") {
  for (const Disk::Fault fault :
       {Disk::Fault::power_cut, Disk::Fault::kill, Disk::Fault::full_once}) {
    bool struck = true;
    std::uint64_t step = 1;
    for (; struck; step += 1 + step / 4) {
      CAPTURE(step);
      const testing::ManualClock clock;
      Disk disk(step);
      {
        sqlite::Store store(kPath, clock);
        fill(store, 3'000);
        disk.fail(step, fault);
        const result<std::uint64_t> emptied = erase(store, "ann");
        struck = disk.struck();
        // An answer means that nothing is left, not even in the WAL.
        if (emptied) CHECK_FALSE(disk.holds(kSecret));
      }
      disk.repair();
      sqlite::Store store(kPath, clock);
      CHECK(erase(store, "ann"));
      CHECK_FALSE(disk.holds(kSecret));
      CHECK_EQ(test::read(store, conversation(1)).entries.at(1).body, "harmless");
      CHECK_EQ(test::read(store, conversation(0)).tail, 3'000);
    }
    CHECK_GT(step, 20);
  }
}

}  // namespace
