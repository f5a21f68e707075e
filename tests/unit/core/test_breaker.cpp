#include <kefu/core/breaker.hpp>

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace kefu;
using namespace std::chrono_literals;
using kefu::core::Breaker;

constexpr Breaker::Terms kTerms{3, 1s, 1s, 4s};
constexpr Instant kStart{1'000'000'000};

Breaker opened(Instant now) {
  Breaker breaker(kTerms, 1);
  for (int i = 0; i < 3; ++i) breaker.on_failure(now);
  return breaker;
}

TEST_CASE("breaker: it opens after failures in a row") {
  Breaker breaker(kTerms, 1);
  for (int i = 0; i < 2; ++i) breaker.on_failure(kStart);
  breaker.on_success();
  for (int i = 0; i < 2; ++i) breaker.on_failure(kStart);
  CHECK(breaker.admits(kStart));
  breaker.on_failure(kStart);
  CHECK(breaker.state() == Breaker::State::open);
  CHECK_FALSE(breaker.admits(kStart + 1s));
}

TEST_CASE("breaker: one probe after the pause closes it, or opens it again") {
  Breaker breaker = opened(kStart);
  breaker.on_success();  // of a question from before: it says nothing of now
  CHECK_FALSE(breaker.admits(kStart));
  CHECK(breaker.admits(kStart + 2s));
  CHECK(breaker.state() == Breaker::State::probing);
  CHECK_FALSE(breaker.admits(kStart + 2s));
  breaker.on_failure(kStart + 2s);
  CHECK_FALSE(breaker.admits(kStart + 3s));
  CHECK(breaker.admits(kStart + 5s));
  breaker.on_success();
  CHECK(breaker.state() == Breaker::State::closed);
  CHECK(breaker.admits(kStart + 5s));
  CHECK(breaker.admits(kStart + 5s));
}

TEST_CASE("breaker: pauses grow up to the limit") {
  Breaker breaker = opened(kStart);
  Instant now = kStart;
  Nanoseconds longest{0};
  for (int i = 0; i < 100; ++i) {
    const Instant before = now;
    while (!breaker.admits(now)) now = now + 10ms;
    longest = std::max(longest, now - before);
    CHECK(now - before >= 1s);
    breaker.on_failure(now);
  }
  CHECK(longest > 3s);
  CHECK(longest <= 5s + 10ms);
}

}  // namespace
