// Department: where conversations are routed, and by which rules.
#pragma once

#include <cstdint>
#include <kefu/model/enum_name.hpp>
#include <kefu/model/time.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace kefu::inline v0 {

/// What becomes of a conversation that is opened while its department is closed.
enum class Offline : std::uint8_t {
  wait,    ///< it waits in the queue for the opening
  ticket,  ///< it is a ticket at once, with the conversation linked: that takes messages, waits for
           ///< nobody, and any agent of the department may accept it to answer
};

[[nodiscard]] constexpr std::string_view name(Offline offline) noexcept {
  constexpr std::string_view kNames[] = {"wait", "ticket"};
  return kNames[static_cast<std::size_t>(offline)];
}
[[nodiscard]] constexpr Offline last_of(Offline) noexcept { return Offline::ticket; }

struct Department {
  std::string id = {};
  std::string name = {};
  std::string strategy = {};  ///< the host's name for a RoutingStrategy; empty: the Hub's default
  Nanoseconds offer_timeout = std::chrono::seconds(30);
  Nanoseconds decline_pause = std::chrono::seconds(60);  ///< before the same agent is asked again
  Nanoseconds wrap_up{0};                                ///< a slot stays filled for so long
  std::string overflow_to = {};                          ///< another department; empty: none
  Nanoseconds overflow_after = std::chrono::minutes(5);
  Nanoseconds abandon_after{0};  ///< whoever waits for longer is given up; 0: never
  /// Whoever has left while they waited, and is not back within this, is given up; 0: never. Less
  /// than four limits::routing_sweep counts as that: so long other nodes, where they may be, have
  /// to say so. A node that dies says nothing: that is for abandon_after.
  Nanoseconds abandon_gone_after{0};
  Nanoseconds close_after{0};       ///< what was resolved closes by itself; 0: never
  Nanoseconds retain_for{0};        ///< see DeskOptions::retain_for; 0: as said there
  std::string calendar = {};        ///< the host's name for business hours; empty: always open
  Offline offline = Offline::wait;  ///< while that is closed
  std::string sla = {};             ///< the host's name for an SLA policy; empty: none

  friend bool operator==(const Department&, const Department&) = default;
};

}  // namespace kefu::inline v0
