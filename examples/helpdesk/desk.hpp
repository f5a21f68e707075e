// The desk as the TOML file has it: departments and business hours.
//
//   [[departments]]                  # none: visitors may name any
//   id = "billing"
//   routing = "pick"                 # all but `id` may be left out
//   overflow_to = "sales"
//   overflow_after = 300             # seconds, as below
//   offer_timeout = 30
//   decline_pause = 60
//   wrap_up = 0
//   retain_for = 2592000
//   abandon_after = 0                # whoever waits for longer is given up; 0: never
//   abandon_gone_after = 0           # … or has left for longer
//   close_after = 0                  # what was resolved closes by itself; 0: never
//   offline = "wait"                 # while it is closed; or "ticket"
//   hours = "office"
//
//   [hours.office]
//   zone = "Europe/Berlin"
//   mon = ["09:00-12:00", "13:00-17:30"]
//   tue = ["09:00-17:30"]            # a day that is not named is closed
//   holidays = ["2026-12-25"]
#pragma once

#include <toml++/toml.h>
#include <kefu/desk.hpp>

#include <string_view>

namespace helpdesk {

/// What of the file is read here.
inline constexpr std::string_view kDeskKeys[] = {"departments", "hours"};

/// Throws std::runtime_error for what makes no sense, with file and line.
void read_desk(const toml::table& table, kefu::DeskOptions& desk);

}  // namespace helpdesk
