#include <kefu/rate_policy.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>
#include <vector>

#include "unit/judged.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

constexpr Instant kStart{1'000'000'000'000};

bool may(Policy& policy, std::string_view from, Instant at, Role role = Role::visitor) {
  return allowed(judged(policy, {.body = "x", .from = from, .role = role, .deadline = at}));
}

}  // namespace

TEST_CASE("rate: so many at once, and again so many in the time") {
  const auto by = rate_policy({.messages = 3, .within = 30s});
  for (int i = 0; i < 3; ++i) CHECK(may(*by, "ann", kStart));
  CHECK_FALSE(may(*by, "ann", kStart));
  CHECK(may(*by, "bob", kStart));
  CHECK_FALSE(may(*by, "ann", kStart + 9s));
  CHECK(may(*by, "ann", kStart + 10s));  // those denied did not count
  CHECK_FALSE(may(*by, "ann", kStart + 10s));
  for (int i = 0; i < 3; ++i) CHECK(may(*by, "ann", kStart + 60s));
  CHECK_FALSE(may(*by, "ann", kStart + 60s));
}

TEST_CASE("rate: only visitors are held to it") {
  const auto by = rate_policy({.messages = 1});
  for (int i = 0; i < 5; ++i) CHECK(may(*by, "desk", kStart, Role::agent));
  CHECK(by->on_timeout() == OnTimeout::allow);
}

TEST_CASE("rate: memory is bounded, and who was quiet is forgotten first") {
  const auto by = rate_policy({.messages = 1, .within = 10s, .max_participants = 16});
  for (int i = 0; i < 1000; ++i) CHECK(may(*by, "v" + std::to_string(i), kStart));
  std::size_t known = 0;
  for (int i = 0; i < 1000; ++i) known += may(*by, "v" + std::to_string(i), kStart) ? 0 : 1;
  CHECK(known > 0);
  CHECK(known <= 16);
  CHECK(may(*by, "new", kStart + 20s));
  CHECK_FALSE(may(*by, "new", kStart + 20s));
}

TEST_CASE("rate: shards ask at once") {
  const auto by = rate_policy({.messages = 100, .within = 1s});
  std::atomic<int> taken{0};
  std::vector<std::thread> shards;
  for (int i = 0; i < 4; ++i) {
    shards.emplace_back([&] {
      static const Conversation conversation;
      for (int n = 0; n < 100; ++n) {
        by->decide({"ann", Role::visitor, conversation, "", Log::public_log, kind::kText, "x"},
                   kStart, [&](Verdict verdict) { taken += allowed(verdict) ? 1 : 0; });
      }
    });
  }
  for (std::thread& shard : shards) shard.join();
  CHECK(taken == 100);
}

TEST_CASE("rate: what allows nothing is refused") {
  CHECK_THROWS_AS((void)rate_policy({.messages = 0}), std::invalid_argument);
  CHECK_THROWS_AS((void)rate_policy({.within = 0s}), std::invalid_argument);
  CHECK_THROWS_AS((void)rate_policy({.max_participants = 0}), std::invalid_argument);
}
