#include <kefu/core/back_off.hpp>

#include <doctest/doctest.h>

namespace {

using namespace kefu;
using kefu::core::BackOff;

constexpr Nanoseconds kFirst(1'000);
constexpr Nanoseconds kCeiling(8'000);

TEST_CASE("each delay is drawn from twice the one before, up to the ceiling") {
  Nanoseconds longest[6] = {};
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    BackOff back_off(kFirst, kCeiling, seed);
    for (Nanoseconds& one : longest) one = std::max(one, back_off.next());
  }
  std::int64_t bound = 1'000;
  for (const Nanoseconds& one : longest) {
    CHECK(one.count() <= bound);
    CHECK(one.count() > bound * 9 / 10);
    bound = std::min<std::int64_t>(bound * 2, 8'000);
  }
}

TEST_CASE("it may begin as if some had failed, and goes on from there") {
  Nanoseconds first{0}, second{0};
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    BackOff back_off(kFirst, kCeiling, seed);
    first = std::max(first, back_off.next(2));
    second = std::max(second, back_off.next(1));  // it is further than that already
    back_off.reset();
    CHECK(back_off.next() <= kFirst);
  }
  CHECK(first <= 4 * kFirst);
  CHECK(first > 3 * kFirst);
  CHECK(second > 7 * kFirst);
}

}  // namespace
