// Time zones by their IANA names, from the system's database.
#pragma once

#include <kefu/model/calendar.hpp>
#include <kefu/result.hpp>
#include <string>

namespace kefu::inline v0 {

/// The offsets of a zone such as "Asia/Shanghai", from 1970 to as far ahead as the system's
/// database says (2037 as a rule; the last offset holds after that). errc::not_found: no such zone;
/// errc::unavailable: no database, which is the package tzdata.
///
/// Threading: any. It reads files; call it when configuring, not for every message.
[[nodiscard]] result<ZoneOffsets> load_time_zone(const std::string& name);

}  // namespace kefu::inline v0
