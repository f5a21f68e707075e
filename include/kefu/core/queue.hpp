// Queue: what a waiting visitor is told. The order itself is the key of an index
// (desk_keys.hpp, queue_key()): who came back, then priority, then waiting time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <kefu/model/agent.hpp>
#include <kefu/model/time.hpp>
#include <optional>
#include <string_view>
#include <vector>

namespace kefu::inline v0::core {

/// A visitor's place among those who wait.
struct QueuePlace {
  std::uint64_t position = 1;      ///< 1: next
  std::optional<Nanoseconds> eta;  ///< nothing: kefu can't tell, and does not guess

  friend bool operator==(const QueuePlace&, const QueuePlace&) = default;
};

/// Rounded up, for nobody knows it better.
inline constexpr Nanoseconds kEtaUnit = std::chrono::minutes(1);

/// The place behind `ahead` others. `present` are the agents who are there, full or not. The
/// estimate: slots come free at the pace at which these agents have finished so far. It needs to
/// know how long they take, and that one of them takes new work at all.
[[nodiscard]] inline QueuePlace place_in_queue(std::uint64_t ahead, std::string_view department,
                                               const std::vector<Agent>& present) {
  QueuePlace place{ahead + 1, std::nullopt};
  std::uint64_t free = 0;
  std::int64_t slots = 0;
  std::int64_t known = 0;
  Nanoseconds handling{0};
  for (const Agent& agent : present) {
    if (!agent.serves(department) || agent.intent != Intent::available) continue;
    free += agent.free_slots(department);
    slots += agent.capacity;
    if (agent.handling.count() == 0) continue;
    handling += agent.handling;
    ++known;
  }
  if (slots == 0) return place;
  if (ahead < free) {
    place.eta = Nanoseconds(0);
  } else if (known > 0) {
    const auto must_finish = static_cast<std::int64_t>(ahead - free) + 1;
    const Nanoseconds each = handling / known / slots;
    place.eta = (must_finish * each + kEtaUnit - Nanoseconds(1)) / kEtaUnit * kEtaUnit;
  }
  return place;
}

}  // namespace kefu::inline v0::core
