#include <date/tz.h>

#include <kefu/time_zone.hpp>

#include <algorithm>
#include <exception>
#include <string_view>

namespace kefu::inline v0 {
namespace {

constexpr date::sys_seconds kFirst{};                                 // 1970
constexpr date::sys_seconds kLast{std::chrono::seconds(4102444800)};  // 2100

Timestamp to_timestamp(date::sys_seconds at) {
  return {std::chrono::duration_cast<Nanoseconds>(at.time_since_epoch()).count()};
}

bool is_listed(const date::tzdb& database, std::string_view name) {
  const auto named = [&](const auto& entry) { return entry.name() == name; };
  return std::any_of(database.zones.begin(), database.zones.end(), named);
}

ZoneOffsets offsets_of(const date::time_zone& zone) {
  ZoneOffsets out;
  for (date::sys_seconds at = kFirst; at < kLast;) {
    const date::sys_info info = zone.get_info(at);
    if (out.changes.empty() || out.changes.back().offset != info.offset)
      out.changes.push_back({to_timestamp(at), info.offset});
    if (info.end <= at) break;
    at = info.end;
  }
  return out;
}

}  // namespace

result<ZoneOffsets> load_time_zone(const std::string& name) {
  try {  // the library's only way to say no
    const date::tzdb& database = date::get_tzdb();
    if (!is_listed(database, name)) return errc::not_found;
    return offsets_of(*date::locate_zone(name));
  } catch (const std::exception&) {
    return errc::unavailable;
  }
}

}  // namespace kefu::inline v0
