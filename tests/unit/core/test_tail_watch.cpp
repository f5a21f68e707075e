#include <kefu/core/tail_watch.hpp>

#include <doctest/doctest.h>

namespace {

using namespace kefu;
using kefu::core::TailWatch;

std::vector<ConversationId> conversations(std::uint64_t count) {
  std::vector<ConversationId> out;
  for (std::uint64_t i = 1; i <= count; ++i) out.push_back({1, i});
  return out;
}

TEST_CASE("a round asks for everything once, a batch at a time") {
  TailWatch watch(Nanoseconds(100), 2);
  CHECK(watch.due(Instant{0}));
  watch.begin(conversations(5), Instant{0});
  for (const std::uint64_t first : {1u, 3u, 5u}) {
    const auto batch = watch.ask();
    REQUIRE(batch.size() == (first == 5 ? 1 : 2));
    CHECK(batch.front() == ConversationId{1, first});
    CHECK(watch.ask().empty());  // one at a time
    CHECK_FALSE(watch.due(Instant{1'000}));
    watch.on_answer(true);
  }
  CHECK(watch.ask().empty());
  CHECK_FALSE(watch.due(Instant{99}));
  CHECK(watch.due(Instant{100}));
}

TEST_CASE("a batch that failed is asked for again") {
  TailWatch watch(Nanoseconds(100), 2);
  watch.begin(conversations(3), Instant{0});
  CHECK(watch.ask().front() == ConversationId{1, 1});
  watch.on_answer(false);
  CHECK(watch.ask().front() == ConversationId{1, 1});
  watch.on_answer(true);
  CHECK(watch.ask().front() == ConversationId{1, 3});
}

TEST_CASE("a round over nothing is over at once") {
  TailWatch watch(Nanoseconds(100), 2);
  watch.begin({}, Instant{0});
  CHECK(watch.ask().empty());
  CHECK(watch.due(Instant{100}));
}

}  // namespace
