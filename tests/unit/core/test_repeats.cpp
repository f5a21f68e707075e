#include <kefu/core/repeats.hpp>

#include <doctest/doctest.h>

#include <utility>
#include <vector>

namespace {

using namespace kefu;
using kefu::core::Repeats;
using Told = std::vector<std::pair<ConversationId, int>>;

constexpr ConversationId kOne{1, 1};

Told beat(Repeats<int>& repeats, std::int64_t at) {
  Told told;
  repeats.on_tick(Instant{at}, [&](ConversationId id, int value) { told.emplace_back(id, value); });
  return told;
}

TEST_CASE("what was told is told again with each of some heartbeats, and then forgotten") {
  Repeats<int> repeats(Nanoseconds(100), 2);
  repeats.of(kOne) = 7;
  CHECK(beat(repeats, 1'000) == Told{{kOne, 7}});
  CHECK(beat(repeats, 1'099).empty());
  CHECK(beat(repeats, 1'100) == Told{{kOne, 7}});
  CHECK(repeats.size() == 0);
  CHECK(beat(repeats, 1'200).empty());
}

TEST_CASE("a change of it is told as often again") {
  Repeats<int> repeats(Nanoseconds(100), 2);
  repeats.of(kOne) = 7;
  beat(repeats, 1'000);
  repeats.of(kOne) += 1;
  CHECK(beat(repeats, 1'100) == Told{{kOne, 8}});
  CHECK(beat(repeats, 1'200) == Told{{kOne, 8}});
  CHECK(beat(repeats, 1'300).empty());
}

}  // namespace
