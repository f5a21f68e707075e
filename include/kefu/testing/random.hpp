// Random: a generator whose every number follows from its seed, on every platform. Simulations draw
// all their chances from one.
#pragma once

#include <cstdint>
#include <kefu/model/time.hpp>

namespace kefu::inline v0::testing {

/// Threading: one thread at a time.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  /// 64 uniform bits (splitmix64).
  std::uint64_t next() {
    std::uint64_t x = state_ += 0x9e37'79b9'7f4a'7c15u;
    x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9u;
    x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11ebu;
    return x ^ (x >> 31);
  }

  /// 0 … n - 1. Precondition: n > 0.
  std::uint64_t below(std::uint64_t n) { return next() % n; }

  /// low … high, both included.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + below(high - low + 1);
  }
  Nanoseconds between(Nanoseconds low, Nanoseconds high) {
    return low + Nanoseconds(static_cast<std::int64_t>(
                     below(static_cast<std::uint64_t>((high - low).count()) + 1)));
  }

  /// True with this probability: never at 0, always at 1.
  bool chance(double probability) {
    return static_cast<double>(next() >> 11) * 0x1.0p-53 < probability;
  }

  /// A generator of its own, whose numbers do not depend on how many this one gives later.
  Random fork() { return Random(next()); }

 private:
  std::uint64_t state_;
};

}  // namespace kefu::inline v0::testing
