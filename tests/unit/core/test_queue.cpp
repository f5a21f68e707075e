#include <kefu/core/queue.hpp>

#include <doctest/doctest.h>

namespace {

using namespace kefu;
using namespace kefu::core;
using namespace std::chrono_literals;

Agent agent(std::uint32_t capacity, std::size_t filled, Nanoseconds handling) {
  Agent a;
  a.id = "a";
  a.capacity = capacity;
  a.handling = handling;
  for (std::uint64_t i = 0; i < filled; ++i)
    a.slots.push_back({ConversationId{5, i}, "billing", SlotUse::owned, {}, {}});
  return a;
}

TEST_CASE("where nothing is known, nothing is said") {
  CHECK(place_in_queue(0, "billing", {}) == QueuePlace{1, std::nullopt});
  CHECK(place_in_queue(2, "billing", {agent(1, 1, 0s)}) == QueuePlace{3, std::nullopt});
  Agent away = agent(4, 0, 5min);
  away.intent = Intent::away;
  CHECK(!place_in_queue(0, "billing", {away}).eta);
  Agent elsewhere = agent(4, 0, 5min);
  elsewhere.departments = {{"sales", std::nullopt}};
  CHECK(!place_in_queue(0, "billing", {elsewhere}).eta);
}

TEST_CASE("who has a free slot ahead waits for nobody") {
  CHECK(place_in_queue(1, "billing", {agent(3, 1, 5min)}).eta == 0s);
}

TEST_CASE("slots come free at the pace of those who are there, rounded up to minutes") {
  // Two slots that take ten minutes each: one comes free every five.
  CHECK(place_in_queue(0, "billing", {agent(2, 2, 10min)}).eta == 5min);
  CHECK(place_in_queue(3, "billing", {agent(2, 2, 10min)}).eta == 20min);
  CHECK(place_in_queue(3, "billing", {agent(2, 1, 10min)}).eta == 15min);
  CHECK(place_in_queue(0, "billing", {agent(1, 1, 61s)}).eta == 2min);
  CHECK(place_in_queue(0, "billing", {agent(1, 1, 4min), agent(1, 1, 8min)}).eta == 3min);
}

}  // namespace
