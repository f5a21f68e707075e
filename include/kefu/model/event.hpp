// Event: an entry of any log with its place in the order of commits; and a batch of them, as a sink
// gets it.
#pragma once

#include <cstdint>
#include <kefu/model/entry.hpp>
#include <vector>

namespace kefu::inline v0 {

struct Event {
  std::uint64_t position = 0;  ///< rises in commit order; not dense
  Entry entry;
};

/// Events that a sink gets together.
struct EventBatch {
  std::vector<Event> events;  ///< at least one
  /// An earlier event of this conversation was given up and is kept as a dead letter: what the
  /// receiver knows of the conversation has a hole.
  bool follows_dead_letter = false;
  bool replayed = false;  ///< it was a dead letter, and comes behind its successors
};

}  // namespace kefu::inline v0
