// BackOff: how long to wait before trying again. Doubles up to a ceiling, with jitter so that many
// clients which lost one server don't come back in one instant.
#pragma once

#include <algorithm>
#include <cstdint>
#include <kefu/model/time.hpp>

namespace kefu::inline v0::core {

class BackOff {
 public:
  /// `seed`: clients with different seeds spread differently.
  BackOff(Nanoseconds first, Nanoseconds ceiling, std::uint64_t seed)
      : first_(first), ceiling_(ceiling), delay_(first), random_(seed) {}

  /// Between nothing and all of a delay that doubles from call to call ("full jitter"). As if at
  /// least `failures` calls had been before.
  Nanoseconds next(unsigned failures = 0) {
    delay_ = std::max(delay_, std::min(ceiling_, first_ * (std::int64_t{1} << failures)));
    const auto most = static_cast<std::uint64_t>(std::max<std::int64_t>(delay_.count(), 1));
    delay_ = std::min(ceiling_, delay_ * 2);
    return Nanoseconds(static_cast<std::int64_t>(draw() % most) + 1);
  }
  void reset() { delay_ = first_; }

 private:
  // splitmix64
  std::uint64_t draw() {
    std::uint64_t x = random_ += 0x9e37'79b9'7f4a'7c15u;
    x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9u;
    x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11ebu;
    return x ^ (x >> 31);
  }

  Nanoseconds first_;
  Nanoseconds ceiling_;
  Nanoseconds delay_;
  std::uint64_t random_;
};

}  // namespace kefu::inline v0::core
