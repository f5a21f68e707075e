// Where a log's entries are found: in front of the checkpoint, behind it, and across a round of it
// that was cut off.
#include <kefu/sqlite/store.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <kefu/testing/manual_clock.hpp>
#include <kefu/testing/random.hpp>

#include "disk.hpp"
#include "scratch.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

constexpr char kPath[] = "places.db";

// A round starts at 2,000 rows, and takes eight commits when each appends one row.
sqlite::Options few_rows() {
  sqlite::Options options;
  options.checkpoint_entries = 4'000;
  return options;
}

/// Sends to three conversations, most of it to the first.
class Sender {
 public:
  void send(Store& store, std::uint64_t rows, std::uint64_t at_once) {
    for (std::uint64_t i = 0; i < rows; i += at_once) {
      std::vector<Draft> drafts;
      for (std::uint64_t j = 0; j < at_once; ++j) {
        const std::uint64_t to = random_.chance(0.8) ? 0 : 1 + random_.below(2);
        drafts.push_back(draft(0, to, ++sent_[to]));
      }
      for (const Outcome& outcome : append(store, drafts)) REQUIRE_EQ(outcome.code, errc::ok);
    }
  }

  void check(Store& store) {
    for (std::uint64_t to = 0; to < 3; ++to) {
      check_page(test::read(store, conversation(to)), 0, sent_[to]);
      for (int i = 0; i < 50 && sent_[to]; ++i) {
        const std::uint64_t after = random_.below(sent_[to]);
        const std::uint64_t entries = random_.between(1, 300);
        check_page(test::read(store, conversation(to), after, entries), after,
                   std::min(entries, sent_[to] - after));
      }
    }
  }

 private:
  static void check_page(const Page& page, std::uint64_t after, std::uint64_t entries) {
    REQUIRE_EQ(page.entries.size(), entries);
    bool right = true;
    for (const Entry& entry : page.entries) right = right && entry.origin.cseq == ++after;
    CHECK(right);
  }

  testing::Random random_{1};
  std::uint64_t sent_[3] = {};
};

TEST_CASE("sqlite store: finds every entry, whatever round it was folded in") {
  const testing::ManualClock clock;
  const Disk disk;
  sqlite::Store store(kPath, clock, few_rows());
  attach(store, session(0), 1, true);
  Sender sender;
  for (const std::uint64_t at_once : {1u, 7u, 500u}) {
    for (int i = 0; i < 5; ++i) {
      sender.send(store, 1'500, at_once);
      sender.check(store);
    }
  }
}

TEST_CASE("sqlite store: a round that was cut off is written again") {
  for (std::uint64_t commits = 0; commits < 10; ++commits) {
    for (const Disk::Fault fault : {Disk::Fault::kill, Disk::Fault::power_cut}) {
      const testing::ManualClock clock;
      Disk disk(commits + 1);
      Sender sender;
      {
        sqlite::Store store(kPath, clock, few_rows());
        attach(store, session(0), 1, true);
        sender.send(store, 1'999, 1'999);
        sender.send(store, commits, 1);
        disk.fail(1, fault);
      }
      disk.repair();
      sqlite::Store store(kPath, clock, few_rows());
      sender.check(store);
      sender.send(store, 5, 1);
      sender.check(store);
      sender.send(store, 5'000, 250);
      sender.check(store);
    }
  }
}

}  // namespace
