// ServerClock: the database's clock as seen from here. It runs on with this machine's between two
// looks, behind the server's by what an answer takes, and never goes back.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <kefu/model/time.hpp>

namespace kefu::inline v0::postgres {

[[nodiscard]] inline Instant steady_now() {
  return {
      std::chrono::duration_cast<Nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count()};
}

/// Of a timestamptz: microseconds since 2000.
[[nodiscard]] inline Timestamp time_of(std::uint64_t timestamptz) {
  return {(static_cast<std::int64_t>(timestamptz) + 946'684'800'000'000) * 1'000};
}

/// now() may be called by any thread, the rest by one.
class ServerClock {
 public:
  static constexpr Nanoseconds kLook{2'000'000'000};  ///< between two looks

  /// What the server's clock showed between two instants here.
  void look(Timestamp shown, Instant asked, Instant answered) {
    const Nanoseconds took = answered - asked;
    // A slow answer says less than an earlier quick one, until that is old.
    if (known_ && took > 2 * took_ && answered - looked_ < 5 * kLook) return;
    known_ = true;
    took_ = took;
    looked_ = answered;
    offset_.store(shown.ns - answered.ns, std::memory_order_relaxed);
  }

  [[nodiscard]] Timestamp now() const {
    const std::int64_t time = steady_now().ns + offset_.load(std::memory_order_relaxed);
    std::int64_t latest = latest_.load(std::memory_order_relaxed);
    while (latest < time && !latest_.compare_exchange_weak(latest, time)) {
    }
    return {std::max(latest, time)};
  }

 private:
  bool known_ = false;
  Nanoseconds took_{};
  Instant looked_;
  std::atomic<std::int64_t> offset_{0};
  mutable std::atomic<std::int64_t> latest_{INT64_MIN};
};

}  // namespace kefu::inline v0::postgres
