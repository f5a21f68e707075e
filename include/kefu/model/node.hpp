// NodeLease: one process that serves agents says that it is alive. The devices of agents hang on
// the lease of their node, so presence costs one write a node and period, not one a device.
#pragma once

#include <kefu/model/time.hpp>
#include <string>

namespace kefu::inline v0 {

struct NodeLease {
  std::string id;   ///< chosen afresh by each process, never used again
  Timestamp since;  ///< valid without a gap from here …
  Timestamp until;  ///< … to here, by the Store's clock

  /// The node counts as alive.
  [[nodiscard]] bool valid_at(Timestamp now) const { return now < until; }
  /// Nobody may judge others who was not there to see them for a whole grace period: after an
  /// outage, a step of the clock or a full restart everyone gets that long to come back.
  [[nodiscard]] bool may_judge_at(Timestamp now, Nanoseconds grace) const {
    return valid_at(now) && now - since >= grace;
  }
  friend bool operator==(const NodeLease&, const NodeLease&) = default;
};

}  // namespace kefu::inline v0
