// Allowance: how many more frames somebody may send now, counted over all their connections.
#pragma once

#include <atomic>
#include <cstddef>
#include <kefu/model/time.hpp>

#include "shared_by_key.hpp"

namespace kefu::inline v0::hub {

// A bucket of tokens is one number: the time at which it would be full again. It holds a second's,
// unless it is said otherwise.

inline constexpr Nanoseconds kBucket{1'000'000'000};

/// What a frame takes of a bucket where so many a second are allowed; 0 where there is no bound.
[[nodiscard]] inline Nanoseconds cost_of_frame(std::size_t rate) noexcept {
  return rate == 0 ? Nanoseconds{0} : kBucket / static_cast<std::int64_t>(rate);
}

/// Of a connection, a participant and an address, as kefu::limits has them.
struct FrameCosts {
  Nanoseconds connection, participant, address;
};

/// Takes a frame; false when the bucket is empty.
[[nodiscard]] inline bool take_frame(Instant& full_at, Instant now, Nanoseconds cost,
                                     Nanoseconds bucket = kBucket) noexcept {
  const Instant next = (full_at > now ? full_at : now) + cost;
  if (next - now > bucket) return false;
  full_at = next;
  return true;
}

/// A bucket that several take from. Threading: any.
class Allowance {
 public:
  [[nodiscard]] bool take(Instant now, Nanoseconds cost) noexcept {
    std::int64_t before = full_at_.load(std::memory_order_relaxed);
    for (;;) {
      Instant full_at{before};
      if (!take_frame(full_at, now, cost)) return false;
      if (full_at_.compare_exchange_weak(before, full_at.ns, std::memory_order_relaxed))
        return true;
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

}  // namespace kefu::inline v0::hub
