// Allowance: how many more frames somebody may send now, counted over all their connections.
#pragma once

#include <atomic>
#include <cstddef>
#include <kefu/model/time.hpp>

#include "shared_by_key.hpp"

namespace kefu::hub {

/// A token bucket in one number: the time at which it would be full again. A burst of one second.
/// Threading: any.
class Allowance {
 public:
  /// Takes a frame; false when `rate` (a second) is used up.
  [[nodiscard]] bool take(Instant now, std::size_t rate) noexcept {
    constexpr std::int64_t kSecond = 1'000'000'000;
    const std::int64_t cost = kSecond / static_cast<std::int64_t>(rate);
    std::int64_t full_at = full_at_.load(std::memory_order_relaxed);
    for (;;) {
      const std::int64_t next = (full_at > now.ns ? full_at : now.ns) + cost;
      if (next - now.ns > kSecond) return false;
      if (full_at_.compare_exchange_weak(full_at, next, std::memory_order_relaxed)) return true;
    }
  }

  /// Whether nothing was taken for so long.
  [[nodiscard]] bool unused_for(Nanoseconds span, Instant now) const noexcept {
    return now.ns - full_at_.load(std::memory_order_relaxed) > span.count();
  }

 private:
  std::atomic<std::int64_t> full_at_{0};
};

/// By participant, or by address.
using Allowances = SharedByKey<Allowance>;

}  // namespace kefu::hub
