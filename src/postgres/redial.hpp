// Redial: keeps a connection up. One that is lost is made again at once, then after pauses that
// double.
#pragma once

#include <algorithm>
#include <kefu/model/time.hpp>
#include <utility>

#include "postgres/connection.hpp"

namespace kefu::inline v0::postgres {

class Redial {
 public:
  /// After each progress(): opens a closed connection when it is time, and gives up one that takes
  /// longer than its patience. True when one that was ready is lost.
  bool keep(Connection& connection, Instant now) {
    if (connection.ready()) {
      up_ = true;
      opening_ = false;
      pause_ = {};
      return false;
    }
    if (!connection.closed()) {
      if (now < opened_ + connection.patience()) return false;
      connection.close();
    }
    const bool lost = std::exchange(up_, false);
    if (std::exchange(opening_, false) || lost) {
      due_ = now + pause_;
      pause_ = std::clamp(2 * pause_, kFirst, kLongest);
    }
    if (now >= due_) {
      opening_ = true;
      opened_ = now;
      connection.open();
    }
    return lost;
  }
  /// When keep() has something to do, whatever the connection says.
  [[nodiscard]] Instant due(const Connection& connection) const {
    return connection.closed() ? due_ : opened_ + connection.patience();
  }

 private:
  static constexpr Nanoseconds kFirst{20'000'000};
  static constexpr Nanoseconds kLongest{1'000'000'000};

  bool up_ = false;
  bool opening_ = false;
  Instant opened_;
  Instant due_;
  Nanoseconds pause_{};
};

}  // namespace kefu::inline v0::postgres
