// Repeats: what is told to other nodes of conversations, again with each of some heartbeats,
// because a hint may get lost.
#pragma once

#include <cstddef>
#include <kefu/model/id.hpp>
#include <kefu/model/time.hpp>
#include <unordered_map>

namespace kefu::inline v0::core {

template <class Value>
class Repeats {
 public:
  /// `beats`: with how many something is told again.
  Repeats(Nanoseconds heartbeat, int beats) : heartbeat_(heartbeat), beats_(beats) {}

  /// What is told of it, from now on; the caller changes it.
  Value& of(ConversationId id) {
    Repeated& one = all_[id];
    one.beats = beats_;
    return one.value;
  }

  /// Calls `tell(id, value)` for each that is to be told now, when a heartbeat is due.
  template <class F>
  void on_tick(Instant now, F tell) {
    if (now < next_) return;
    next_ = now + heartbeat_;
    for (auto& [id, one] : all_) {
      --one.beats;
      tell(id, one.value);
    }
    std::erase_if(all_, [](const auto& one) { return one.second.beats == 0; });
  }

  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }

 private:
  struct Repeated {
    Value value{};
    int beats = 0;  // with which it is still told
  };

  const Nanoseconds heartbeat_;
  const int beats_;
  std::unordered_map<ConversationId, Repeated> all_;
  Instant next_{};
};

}  // namespace kefu::inline v0::core
