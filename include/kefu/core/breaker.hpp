// Breaker: whether to go on asking somebody who fails. After some failures in a row it opens, and
// nobody asks; after a pause one question goes out as a probe, and its outcome closes the breaker
// or opens it again, for longer each time.
#pragma once

#include <cstdint>
#include <kefu/core/back_off.hpp>
#include <kefu/model/time.hpp>

namespace kefu::inline v0::core {

class Breaker {
 public:
  /// When it opens, and for how long.
  struct Terms {
    std::uint32_t failures = 5;       ///< in a row, then it opens
    Nanoseconds pause{500'000'000};   ///< before a probe, at least …
    Nanoseconds spread{500'000'000};  ///< … and up to so much more, which doubles up to the limit
    Nanoseconds spread_limit{30'000'000'000};
  };
  /// Whether calls are let through.
  enum class State : std::uint8_t {
    closed,   ///< everybody may ask
    open,     ///< nobody may, until the pause is over
    probing,  ///< one has asked, and the rest wait for what becomes of it
  };

  /// `seed`: of the jitter, so that the nodes don't probe at once.
  Breaker(const Terms& terms, std::uint64_t seed)
      : terms_(terms), back_off_(terms.spread, terms.spread_limit, seed) {}

  /// Whether a question may go out now. True counts as having sent it.
  [[nodiscard]] bool admits(Instant now) {
    if (state_ == State::open && now >= until_) {
      state_ = State::probing;
      return true;
    }
    return state_ == State::closed;
  }

  /// A call has succeeded.
  void on_success() {
    if (state_ == State::open) return;  // of a question from before it opened
    state_ = State::closed;
    failures_ = 0;
    back_off_.reset();
  }
  /// A call has failed.
  void on_failure(Instant now) {
    if (state_ == State::open) return;
    if (state_ == State::closed && ++failures_ < terms_.failures) return;
    state_ = State::open;
    failures_ = 0;
    until_ = now + terms_.pause + back_off_.next();
  }

  /// Where it stands.
  [[nodiscard]] State state() const noexcept { return state_; }

 private:
  Terms terms_;
  BackOff back_off_;
  State state_ = State::closed;
  std::uint32_t failures_ = 0;  // in a row, while closed
  Instant until_{};             // while open
};

}  // namespace kefu::inline v0::core
