#include <kefu/core/failure_limit.hpp>

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace kefu;
using namespace std::chrono_literals;
using kefu::core::FailureLimit;

constexpr Instant kStart{1'000'000'000};
constexpr std::size_t kMany = 1000;

TEST_CASE("failure limit: so many failures at once, and as many a minute") {
  FailureLimit limit(3, kMany);
  for (int i = 0; i < 3; ++i) {
    CHECK(limit.wait("ann", kStart) == 0s);
    limit.count("ann", kStart);
  }
  CHECK(limit.wait("ann", kStart) == 20s);
  CHECK(limit.wait("bob", kStart) == 0s);
  CHECK(limit.wait("ann", kStart + 19s) == 1s);
  CHECK(limit.wait("ann", kStart + 20s) == 0s);
  limit.count("ann", kStart + 20s);
  CHECK(limit.wait("ann", kStart + 20s) == 20s);
}

TEST_CASE("failure limit: a minute without a failure forgets all, however many there were") {
  FailureLimit limit(3, kMany);
  for (int i = 0; i < 100; ++i) limit.count("ann", kStart);
  CHECK(limit.wait("ann", kStart) == 20s);
  for (int i = 0; i < 3; ++i) {
    CHECK(limit.wait("ann", kStart + 60s) == 0s);
    limit.count("ann", kStart + 60s);
  }
  CHECK(limit.wait("ann", kStart + 60s) == 20s);
}

TEST_CASE("failure limit: above the bound the rest share one bucket, until others are forgotten") {
  FailureLimit limit(1, 2);
  for (const char* who : {"ann", "bob", "eve"}) limit.count(who, kStart);
  CHECK(limit.wait("ann", kStart) == 60s);
  CHECK(limit.wait("eve", kStart) == 60s);
  CHECK(limit.wait("joe", kStart) == 60s);
  limit.count("joe", kStart + 60s);
  CHECK(limit.wait("joe", kStart + 60s) == 60s);
  CHECK(limit.wait("eve", kStart + 60s) == 0s);
}

TEST_CASE("failure limit: none a minute means one") {
  FailureLimit limit(0, 0);
  CHECK(limit.wait("ann", kStart) == 0s);
  limit.count("ann", kStart);
  CHECK(limit.wait("ann", kStart) == 60s);
}

}  // namespace
