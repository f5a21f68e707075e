// Clock: the port to wall time, used for token expiry and for stamps that people read. It may jump
// either way; nothing durable is decided by it (leases and timers use Store::now()). Any thread may
// call it.
#pragma once

#include <kefu/model/time.hpp>

namespace kefu::inline v0 {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Timestamp now() const = 0;
};

/// The clock of the machine.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override {
    return {
        std::chrono::duration_cast<Nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count()};
  }
};

}  // namespace kefu::inline v0
