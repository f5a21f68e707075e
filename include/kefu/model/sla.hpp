// SLA: what a host promises its visitors, and the clock that measures it. All durations are
// business time: they run only while the calendar is open.
#pragma once

#include <cstdint>
#include <kefu/model/enum_name.hpp>
#include <kefu/model/id.hpp>
#include <kefu/model/time.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0 {

/// What can be promised.
enum class SlaTarget : std::uint8_t {
  first_response,  ///< from opening to the first message of an agent
  next_response,   ///< from a visitor's message to the answer, after the first
  resolution,      ///< from opening to resolved or closed
};

[[nodiscard]] constexpr std::string_view name(SlaTarget target) noexcept {
  constexpr std::string_view kNames[] = {"first_response", "next_response", "resolution"};
  return kNames[static_cast<std::size_t>(target)];
}
[[nodiscard]] constexpr SlaTarget last_of(SlaTarget) noexcept { return SlaTarget::resolution; }

/// Nothing: no such promise.
struct SlaPolicy {
  std::optional<Nanoseconds> first_response = {};
  std::optional<Nanoseconds> next_response = {};
  std::optional<Nanoseconds> resolution = {};
  Nanoseconds warn_before{0};  ///< business time before a due time; 0: no warnings

  /// How long it may take; nothing: it is not promised.
  [[nodiscard]] std::optional<Nanoseconds> bound(SlaTarget target) const {
    switch (target) {
      case SlaTarget::first_response:
        return first_response;
      case SlaTarget::next_response:
        return next_response;
      case SlaTarget::resolution:
        return resolution;
    }
    return std::nullopt;
  }
  friend bool operator==(const SlaPolicy&, const SlaPolicy&) = default;
};

/// One running target. Paused: `left` is what remains, and the times mean nothing.
struct SlaTimer {
  SlaTarget target = SlaTarget::first_response;
  Timestamp due;
  std::optional<Timestamp> warn_at;  ///< nothing: warned already, or never
  Nanoseconds left{0};               ///< business time, while the clock is paused
  bool warned = false;
  bool breached = false;  ///< told already; it still runs, to say how late it was met

  friend bool operator==(const SlaTimer&, const SlaTimer&) = default;
};

/// The record of a conversation's SLA: a fold of its public log up to `seq`. Due times stand in it,
/// so that a restart neither forgets nor shifts one. It is a record of its own because messages
/// move it, and the conversation's version must not change with every message.
struct SlaClock {
  ConversationId conversation;
  SlaPolicy policy;      ///< as it was when the conversation was opened
  std::string calendar;  ///< the host's name for the business hours; empty: always open
  std::uint64_t seq = 0;
  bool paused = false;
  bool responded = false;  ///< an agent has answered once
  bool over = false;       ///< closed or abandoned: nothing is promised until it is reopened
  std::vector<SlaTimer> timers;

  friend bool operator==(const SlaClock&, const SlaClock&) = default;
};

}  // namespace kefu::inline v0
