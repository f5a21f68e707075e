// Department: where conversations are routed, and by which rules.
#pragma once

#include <cstdint>
#include <kefu/model/time.hpp>
#include <optional>
#include <string>

namespace kefu {

struct Department {
  std::string id;
  std::string name;
  std::string strategy;  ///< the host's name for a RoutingStrategy; empty: the Hub's default
  Nanoseconds offer_timeout = std::chrono::seconds(30);
  Nanoseconds decline_pause = std::chrono::seconds(60);  ///< before the same agent is asked again
  Nanoseconds wrap_up{0};                                ///< a slot stays filled for so long
  std::string overflow_to;                               ///< another department; empty: none
  Nanoseconds overflow_after = std::chrono::minutes(5);
  Nanoseconds abandon_after{0};  ///< whoever waits for longer is given up; 0: never
  Nanoseconds close_after{0};    ///< what was resolved closes by itself; 0: never
  Nanoseconds retain_for{0};     ///< see DeskOptions::retain_for; 0: as said there
  std::string calendar;          ///< the host's name for business hours; empty: always open
  std::string sla;               ///< the host's name for an SLA policy; empty: none

  friend bool operator==(const Department&, const Department&) = default;
};

}  // namespace kefu
