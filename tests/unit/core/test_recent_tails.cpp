#include <kefu/core/recent_tails.hpp>

#include <doctest/doctest.h>

#include <vector>

namespace {

using namespace kefu;
using kefu::core::RecentTails;

std::vector<Tail> beat(RecentTails& recent, std::int64_t at) {
  std::vector<Tail> told;
  recent.on_tick(Instant{at}, [&](const Tail& tail) { told.push_back(tail); });
  return told;
}

TEST_CASE("a tail is told again with each of some heartbeats, and then forgotten") {
  RecentTails recent(Nanoseconds(100), 2);
  const Tail tail{{1, 1}, Log::internal, 7};
  recent.moved(tail);
  CHECK(beat(recent, 1'000) == std::vector{tail});
  CHECK(beat(recent, 1'099).empty());
  CHECK(beat(recent, 1'100) == std::vector{tail});
  CHECK(recent.size() == 0);
  CHECK(beat(recent, 1'200).empty());
}

TEST_CASE("only the furthest tail of a log is told, and both logs are") {
  RecentTails recent(Nanoseconds(100), 2);
  recent.moved({{1, 1}, Log::public_log, 7});
  recent.moved({{1, 1}, Log::public_log, 5});
  recent.moved({{1, 1}, Log::internal, 1});
  CHECK(beat(recent, 0) ==
        std::vector<Tail>{{{1, 1}, Log::public_log, 7}, {{1, 1}, Log::internal, 1}});
}

}  // namespace
