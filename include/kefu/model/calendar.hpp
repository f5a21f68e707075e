// Business hours: when a department is open, in its own local time; and a time zone as a table.
#pragma once

#include <array>
#include <chrono>
#include <kefu/model/time.hpp>
#include <string>
#include <vector>

namespace kefu::inline v0 {

/// Of a local day: from `from` up to but not including `to`, 00:00 to 24:00.
struct OpenInterval {
  std::chrono::minutes from{0};
  std::chrono::minutes to{0};

  friend bool operator==(const OpenInterval&, const OpenInterval&) = default;
};

/// A day on which the week's hours don't hold. No intervals: closed.
struct Holiday {
  std::chrono::year_month_day date;
  std::vector<OpenInterval> open;

  friend bool operator==(const Holiday&, const Holiday&) = default;
};

/// When a department is open, week by week.
struct BusinessHours {
  std::string zone = {};  ///< its IANA name, for people and for load_time_zone()
  std::array<std::vector<OpenInterval>, 7> week =
      {};                              ///< by std::chrono::weekday::c_encoding: 0 is Sunday
  std::vector<Holiday> holidays = {};  ///< a date that stands twice counts once

  friend bool operator==(const BusinessHours&, const BusinessHours&) = default;
};

/// From `from` on, local time is UTC plus `offset`.
struct OffsetChange {
  Timestamp from;
  std::chrono::seconds offset{0};

  friend bool operator==(const OffsetChange&, const OffsetChange&) = default;
};

/// A time zone: its changes of offset, in order of time. The first one also holds before its time,
/// the last one for ever after; none at all is UTC.
struct ZoneOffsets {
  std::vector<OffsetChange> changes;

  friend bool operator==(const ZoneOffsets&, const ZoneOffsets&) = default;
};

/// What a department goes by: its hours, and their zone as load_time_zone() gives it.
struct OpeningHours {
  BusinessHours hours = {};
  ZoneOffsets zone = {};  ///< empty: UTC
};

}  // namespace kefu::inline v0
