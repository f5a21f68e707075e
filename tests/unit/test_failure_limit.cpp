#include <kefu/failure_limit.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace kefu;
using namespace std::chrono_literals;

TEST_CASE("so many failures at once, and as many a minute") {
  FailureLimit limit(6);
  Instant now{1'000'000'000};
  for (int i = 0; i < 6; ++i) {
    CHECK(limit.wait("192.0.2.1", now) == 0s);
    limit.count("192.0.2.1", now);
  }
  CHECK(limit.wait("192.0.2.1", now) == 10s);
  CHECK(limit.wait("192.0.2.2", now) == 0s);
  now = now + Nanoseconds(9s);
  CHECK(limit.wait("192.0.2.1", now) == 1s);
  now = now + Nanoseconds(1s);
  CHECK(limit.wait("192.0.2.1", now) == 0s);
  limit.count("192.0.2.1", now);
  CHECK(limit.wait("192.0.2.1", now) == 10s);
}

TEST_CASE("failures that were under way together cost no more than a minute") {
  FailureLimit limit(6);
  const Instant now{1'000'000'000};
  for (int i = 0; i < 1000; ++i) limit.count("192.0.2.1", now);
  CHECK(limit.wait("192.0.2.1", now) == 10s);
}

TEST_CASE("a network of IPv6 is one") {
  FailureLimit limit(1);
  const Instant now{1'000'000'000};
  limit.count("2001:db8::1", now);
  CHECK(limit.wait("2001:db8::ffff:2", now) > 0s);
  CHECK(limit.wait("2001:db8:0:1::1", now) == 0s);
}

TEST_CASE("above the bound the rest share one bucket, until others are forgotten") {
  FailureLimit limit(1, 3);
  Instant now{1'000'000'000};
  for (const char* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"})
    limit.count(address, now);
  CHECK(limit.wait("192.0.2.5", now) > 0s);  // as the fourth
  CHECK(limit.wait("192.0.2.1", now) > 0s);
  now = now + Nanoseconds(61s);
  limit.count("192.0.2.6", now);
  CHECK(limit.wait("192.0.2.5", now) == 0s);
  CHECK(limit.wait("192.0.2.6", now) > 0s);
}
