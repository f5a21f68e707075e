#include <kefu/core/reader.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <random>
#include <vector>

using kefu::core::Reader;
using Action = Reader::Action;

namespace {

constexpr std::uint64_t kReplayLimit = 1000;

TEST_CASE("a live reader hands the next entry straight through") {
  Reader reader(5);
  CHECK(reader.on_entry(6, false) == Action::deliver);
  CHECK(reader.on_entry(7, false) == Action::deliver);
  CHECK(reader.position() == 7);
  CHECK_FALSE(reader.behind());
}

TEST_CASE("an entry that was seen is dropped") {
  Reader reader(5);
  CHECK(reader.on_entry(5, false) == Action::none);
  CHECK(reader.on_entry(1, false) == Action::none);
  CHECK(reader.position() == 5);
}

TEST_CASE("a jump makes the reader fetch, once") {
  Reader reader(5);
  CHECK(reader.on_entry(8, false) == Action::fetch);
  CHECK(reader.on_entry(9, false) == Action::none);
  CHECK(reader.on_page_entry(6, false) == Action::deliver);
  CHECK(reader.on_page_entry(7, false) == Action::deliver);
  CHECK(reader.on_page_end(7, false, kReplayLimit) == Action::fetch);
  CHECK(reader.on_page_entry(8, false) == Action::deliver);
  CHECK(reader.on_page_entry(9, false) == Action::deliver);
  CHECK(reader.on_page_end(9, false, kReplayLimit) == Action::none);
  CHECK(reader.on_entry(10, false) == Action::deliver);
}

TEST_CASE("while a page is on its way, a live entry waits for it") {
  Reader reader(0);
  CHECK(reader.on_tail(2, false, kReplayLimit) == Action::fetch);
  CHECK(reader.on_entry(1, false) == Action::none);
  CHECK(reader.position() == 0);
}

TEST_CASE("an ack in place of the next entry counts even while a page is on its way") {
  Reader reader(0);
  CHECK(reader.on_tail(2, false, kReplayLimit) == Action::fetch);
  CHECK(reader.on_ack(1, false) == Action::deliver);
  CHECK(reader.position() == 1);
  CHECK(reader.on_page_entry(1, false) == Action::none);
  CHECK(reader.on_page_entry(2, false) == Action::deliver);
  CHECK(reader.on_ack(3, true) == Action::deliver);
  CHECK(reader.position() == 3);
}

TEST_CASE("an ack elsewhere leaves its entry to a page") {
  Reader reader(4);
  CHECK(reader.on_ack(3, false) == Action::none);
  CHECK(reader.on_ack(6, true) == Action::none);
  CHECK(reader.position() == 4);
  CHECK(reader.on_ack(7, false) == Action::fetch);
  CHECK(reader.on_page_entry(5, false) == Action::deliver);
}

TEST_CASE("a hint makes the reader look, and is not believed") {
  Reader reader(5);
  CHECK(reader.on_hint(5, false) == Action::none);
  CHECK(reader.on_hint(1'000'000'000, false) == Action::fetch);
  CHECK(reader.on_page_entry(6, false) == Action::deliver);
  CHECK(reader.on_page_end(6, false, kReplayLimit) == Action::none);
  CHECK(reader.position() == 6);
  CHECK_FALSE(reader.behind());
}

TEST_CASE(
    "a hint that comes while a page is on its way, or to a blocked reader, is not forgotten") {
  Reader reader(5);
  CHECK(reader.on_hint(6, true) == Action::none);
  CHECK(reader.behind());
  CHECK(reader.next(false, kReplayLimit) == Action::fetch);
  CHECK(reader.on_hint(7, false) == Action::none);
  CHECK(reader.on_page_entry(6, false) == Action::deliver);
  CHECK(reader.on_page_end(6, false, kReplayLimit) == Action::fetch);
  reader.on_page_failed();
  CHECK(reader.next(false, kReplayLimit) == Action::fetch);
}

TEST_CASE("a blocked reader takes nothing, and fetches when it is unblocked") {
  Reader reader(3);
  CHECK(reader.on_entry(4, true) == Action::none);
  CHECK(reader.on_entry(5, true) == Action::none);
  CHECK(reader.position() == 3);
  CHECK(reader.next(true, kReplayLimit) == Action::none);
  CHECK(reader.next(false, kReplayLimit) == Action::fetch);
  CHECK(reader.next(false, kReplayLimit) == Action::none);
}

TEST_CASE("a page that blocks in its middle goes on where it stopped") {
  Reader reader(0);
  CHECK(reader.on_tail(3, false, kReplayLimit) == Action::fetch);
  CHECK(reader.on_page_entry(1, false) == Action::deliver);
  CHECK(reader.on_page_entry(2, true) == Action::none);
  CHECK(reader.on_page_entry(3, false) == Action::none);
  CHECK(reader.on_page_end(3, true, kReplayLimit) == Action::none);
  CHECK(reader.position() == 1);
  CHECK(reader.next(false, kReplayLimit) == Action::fetch);
}

TEST_CASE("a page that failed is read again") {
  Reader reader(0);
  CHECK(reader.on_tail(1, false, kReplayLimit) == Action::fetch);
  reader.on_page_failed();
  CHECK(reader.behind());
  CHECK(reader.next(false, kReplayLimit) == Action::fetch);
}

TEST_CASE("whoever is more than the limit behind is reset to the tail, not sooner") {
  Reader reader(0);
  CHECK(reader.on_tail(kReplayLimit, false, kReplayLimit) == Action::fetch);
  Reader late(0);
  CHECK(late.on_tail(kReplayLimit + 1, false, kReplayLimit) == Action::reset);
  CHECK(late.position() == kReplayLimit + 1);
  CHECK(late.on_entry(kReplayLimit + 2, false) == Action::deliver);
}

/// A log that grows, a connection that blocks at random, live entries that get lost: what was
/// handed over is the log.
TEST_CASE("whatever gets lost or blocks, the entries come in order and without gaps") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    std::mt19937 random(seed);
    const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
    Reader reader;
    std::vector<std::uint64_t> got;
    std::uint64_t tail = 0;
    bool blocked = false;
    int pages = 0;
    const auto react = [&](Action action, std::uint64_t seq) {
      if (action == Action::deliver) got.push_back(seq);
      if (action == Action::fetch) ++pages;
      REQUIRE(action != Action::reset);
      REQUIRE(pages <= 1);
    };
    const auto step = [&](bool calm) {
      if (!calm && chance(50)) {
        ++tail;
        if (!chance(20)) react(reader.on_entry(tail, blocked), tail);
      }
      if (!calm && chance(10)) blocked = !blocked;
      if (calm) blocked = false;
      if (!blocked) react(reader.next(blocked, kReplayLimit), 0);
      if (pages == 0 || !chance(50)) return;
      --pages;
      if (!calm && chance(20)) return reader.on_page_failed();
      const std::uint64_t end = std::min(tail, reader.position() + 3);
      for (std::uint64_t seq = reader.position() + 1; seq <= end; ++seq) {
        react(reader.on_page_entry(seq, blocked), seq);
      }
      react(reader.on_page_end(tail, blocked, kReplayLimit), 0);
    };
    for (int i = 0; i < 500; ++i) step(false);
    // In the end every hint arrives: the tail is told once more.
    react(reader.on_tail(tail, blocked, kReplayLimit), 0);
    for (int i = 0; i < 4000 && reader.position() < tail; ++i) step(true);
    REQUIRE(got.size() == tail);
    for (std::uint64_t seq = 1; seq <= tail; ++seq) REQUIRE(got[seq - 1] == seq);
  }
}

}  // namespace
