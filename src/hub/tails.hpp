// Tails: what the nodes on one store tell each other over the Bus: how far a log reaches now. It is
// a hint. Whoever reads that log fetches what it lacks from the store; a lost one is made good by
// the next, or by the heartbeat, which tells the tails of the last seconds again.
#pragma once

#include <array>
#include <cstdint>
#include <kefu/bus.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/id.hpp>
#include <kefu/model/time.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace kefu::hub {

struct Tail {
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t seq = 0;
};

inline constexpr std::string_view kTailsTopic = "kefu.tails";

void encode(const Tail& tail, std::string& out);
/// What makes no sense is left out: anybody might publish.
[[nodiscard]] std::vector<Tail> decode_tails(std::string_view bytes);

/// Gathers the tails that one shard's homes have moved, and tells them.
class TailTeller {
 public:
  /// `bus` null: there is nobody to tell.
  TailTeller(Bus* bus, Nanoseconds heartbeat) : bus_(bus), heartbeat_(heartbeat) {}

  void moved(const Tail& tail);
  /// Tells what has moved since the last call.
  void flush();
  void on_tick(Instant now);

 private:
  struct Recent {
    std::array<std::uint64_t, 2> tails{};  // indexed by Log; 0: did not move
    int beats = 0;                         // with which it is still told again
  };

  Bus* const bus_;
  const Nanoseconds heartbeat_;
  std::string scratch_;
  std::unordered_map<ConversationId, Recent> recent_;
  Instant next_beat_;
};

}  // namespace kefu::hub
