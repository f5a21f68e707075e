// RecentTails: how far logs have got of late, to be told to other nodes again with each of some
// heartbeats, because a hint may get lost.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <kefu/model/tail.hpp>
#include <kefu/model/time.hpp>
#include <unordered_map>

namespace kefu::inline v0::core {

class RecentTails {
 public:
  /// `beats`: with how many a tail is told again.
  RecentTails(Nanoseconds heartbeat, int beats) : heartbeat_(heartbeat), beats_(beats) {}

  /// A log has got this far.
  void moved(const Tail& tail) {
    Recent& recent = recent_[tail.conversation];
    std::uint64_t& known = recent.tails[static_cast<std::size_t>(tail.log)];
    known = std::max(known, tail.seq);
    recent.beats = beats_;
  }

  /// Calls `tell(tail)` for each that is to be told now, when a heartbeat is due.
  template <class F>
  void on_tick(Instant now, F tell) {
    if (now < next_) return;
    next_ = now + heartbeat_;
    for (auto& [conversation, recent] : recent_) {
      --recent.beats;
      for (const Log log : {Log::public_log, Log::internal}) {
        const std::uint64_t seq = recent.tails[static_cast<std::size_t>(log)];
        if (seq != 0) tell(Tail{conversation, log, seq});
      }
    }
    std::erase_if(recent_, [](const auto& one) { return one.second.beats == 0; });
  }

  [[nodiscard]] std::size_t size() const noexcept { return recent_.size(); }

 private:
  struct Recent {
    std::array<std::uint64_t, 2> tails{};  // indexed by Log; 0: did not move
    int beats = 0;                         // with which it is still told
  };

  const Nanoseconds heartbeat_;
  const int beats_;
  std::unordered_map<ConversationId, Recent> recent_;
  Instant next_{};
};

}  // namespace kefu::inline v0::core
