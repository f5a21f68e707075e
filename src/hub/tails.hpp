// Tails: what the nodes on one store tell each other over the Bus: how far a log reaches now. It is
// a hint. Whoever reads that log fetches what it lacks from the store; a lost one is made good by
// the next, by the heartbeat, which tells the tails of the last seconds again, or at the latest by
// core::TailWatch.
#pragma once

#include <kefu/bus.hpp>
#include <kefu/core/recent_tails.hpp>
#include <kefu/model/tail.hpp>
#include <kefu/model/time.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::hub {

inline constexpr std::string_view kTailsTopic = "kefu.tails";

void encode(const Tail& tail, std::string& out);
/// What makes no sense is left out: anybody might publish.
[[nodiscard]] std::vector<Tail> decode_tails(std::string_view bytes);

/// Gathers the tails that one shard's homes have moved, and tells them.
class TailTeller {
 public:
  /// `bus` null: there is nobody to tell.
  TailTeller(Bus* bus, Nanoseconds heartbeat) : bus_(bus), recent_(heartbeat, kBeats) {}

  void moved(const Tail& tail);
  /// Tells what has moved since the last call.
  void flush();
  void on_tick(Instant now);

 private:
  static constexpr int kBeats = 10;

  void tell(const Tail& tail);

  Bus* const bus_;
  std::string scratch_;
  core::RecentTails recent_;
};

}  // namespace kefu::inline v0::hub
