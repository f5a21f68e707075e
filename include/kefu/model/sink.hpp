// SinkCursor: how far a sink has got in the outbox, and which node serves it now. DeadLetter: what
// it gave up.
#pragma once

#include <cstdint>
#include <kefu/model/id.hpp>
#include <kefu/model/time.hpp>
#include <string>
#include <vector>

namespace kefu::inline v0 {

/// A conversation that is behind the others at a sink.
struct HeldLane {
  ConversationId conversation;
  std::uint64_t from = 0;  ///< its first event that was neither delivered nor given up

  friend bool operator==(const HeldLane&, const HeldLane&) = default;
};

struct SinkCursor {
  std::string sink;            ///< the host's name for it
  std::uint64_t position = 0;  ///< everything up to this was delivered, or is a dead letter
  std::string node;            ///< that delivers, alone …
  Timestamp until;             ///< … until then, by the Store's clock
  std::uint64_t ahead = 0;     ///< so was everything up to this, but for what is held
  std::vector<HeldLane> held = {};

  friend bool operator==(const SinkCursor&, const SinkCursor&) = default;
};

/// An event that a sink gave up. It names the entry and does not copy it: what was recalled or
/// erased since is not in a replay.
struct DeadLetter {
  std::string sink;
  std::uint64_t position = 0;
  ConversationId conversation;
  bool internal = false;
  std::uint64_t seq = 0;
  std::uint32_t attempts = 0;
  Timestamp at;  ///< when it was given up

  friend bool operator==(const DeadLetter&, const DeadLetter&) = default;
};

}  // namespace kefu::inline v0
