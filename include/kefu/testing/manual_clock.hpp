// ManualClock: wall time that stands still until it is told to move, either way.
#pragma once

#include <atomic>
#include <kefu/clock.hpp>

namespace kefu::inline v0::testing {

/// Threading: any thread.
class ManualClock final : public Clock {
 public:
  /// 2026-01-01T00:00:00Z, unless told otherwise.
  static constexpr Timestamp kStart{1'767'225'600'000'000'000};

  explicit ManualClock(Timestamp start = kStart) : ns_(start.ns) {}

  [[nodiscard]] Timestamp now() const override { return {ns_.load()}; }
  /// Jumps.
  void set(Timestamp to) { ns_.store(to.ns); }
  /// Goes on by so much; back, when that is negative.
  void advance(Nanoseconds by) { ns_.fetch_add(by.count()); }

 private:
  std::atomic<std::int64_t> ns_;
};

}  // namespace kefu::inline v0::testing
