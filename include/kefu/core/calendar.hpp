// Calendar: arithmetic on business time, as a pure function of opening hours and a zone's offsets.
//
// An interval opens when its local time first comes and closes when it last does: a clock that is
// put back in between lengthens it, one that is put forward shortens it, and a local time that is
// skipped is the moment of the change. No moment is counted twice.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <kefu/model/calendar.hpp>
#include <kefu/model/time.hpp>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace kefu::inline v0::core {

class Calendar {
 public:
  /// How far ahead it looks for opening hours: days.
  static constexpr int kHorizon = 3660;

  /// Open at all times.
  Calendar() : always_(true) {}

  Calendar(BusinessHours hours, ZoneOffsets zone)
      : hours_(std::move(hours)), zone_(std::move(zone)) {}

  /// Whether the department serves at this moment.
  [[nodiscard]] bool is_open(Timestamp at) const { return next_open(at) == at; }

  /// `at` itself when it is open then. Nothing: not within the horizon.
  [[nodiscard]] std::optional<Timestamp> next_open(Timestamp at) const {
    std::optional<Timestamp> found;
    each_open(at, [&](Timestamp from, Timestamp) {
      found = from;
      return false;
    });
    return found;
  }

  /// The moment when so much business time has passed. Nothing: not within the horizon.
  [[nodiscard]] std::optional<Timestamp> add(Timestamp start, Nanoseconds time) const {
    std::optional<Timestamp> end;
    each_open(start, [&](Timestamp from, Timestamp to) {
      if (to - from >= time) {
        end = from + time;
        return false;
      }
      time -= to - from;
      return true;
    });
    return end;
  }

  /// The business time between two moments; 0 when `to` is not after `from`.
  [[nodiscard]] Nanoseconds between(Timestamp from, Timestamp to) const {
    Nanoseconds sum{0};
    if (to <= from) return sum;
    each_open(from, [&](Timestamp opens, Timestamp closes) {
      if (opens < to) sum += std::min(closes, to) - opens;
      return closes < to;
    });
    return sum;
  }

 private:
  using Day = std::chrono::sys_days;  // of local time

  /// Calls `visit(from, to)` for each open stretch after `start`, in order, the first one cut to
  /// begin there, while it answers true.
  template <class Visit>
  void each_open(Timestamp start, Visit visit) const {
    if (always_) {
      visit(start, Timestamp{std::numeric_limits<std::int64_t>::max()});
      return;
    }
    Timestamp done = start;
    const Day first = local_day(start) - std::chrono::days(1);
    for (int i = 0; i <= kHorizon; ++i) {
      const Day day = first + std::chrono::days(i);
      for (const OpenInterval& open : hours_on(day)) {
        const Timestamp from = std::max(done, first_at(day, open.from));
        const Timestamp to = last_at(day, open.to);
        if (from >= to) continue;
        if (!visit(from, to)) return;
        done = to;
      }
    }
  }

  [[nodiscard]] const std::vector<OpenInterval>& hours_on(Day day) const {
    const std::chrono::year_month_day date(day);
    const auto holiday = std::ranges::find(hours_.holidays, date, &Holiday::date);
    if (holiday != hours_.holidays.end()) return holiday->open;
    return hours_.week[std::chrono::weekday(day).c_encoding()];
  }

  [[nodiscard]] Day local_day(Timestamp at) const {
    const std::chrono::sys_time<Nanoseconds> local{Nanoseconds(at.ns) + offset_at(at)};
    return std::chrono::floor<std::chrono::days>(local);
  }

  [[nodiscard]] std::chrono::seconds offset_at(Timestamp at) const {
    const auto& changes = zone_.changes;
    if (changes.empty()) return std::chrono::seconds(0);
    const auto next = std::ranges::upper_bound(changes, at, {}, &OffsetChange::from);
    return next == changes.begin() ? next->offset : std::prev(next)->offset;
  }

  // A local time is `utc + offset` for each stretch between two changes in which that `utc` lies:
  // one of them as a rule, two when the clock was put back over it, none when it was skipped.

  [[nodiscard]] Timestamp first_at(Day day, std::chrono::minutes time) const {
    return moments(day, time).first;
  }
  [[nodiscard]] Timestamp last_at(Day day, std::chrono::minutes time) const {
    return moments(day, time).second;
  }

  [[nodiscard]] std::pair<Timestamp, Timestamp> moments(Day day, std::chrono::minutes time) const {
    const Timestamp local{Nanoseconds(day.time_since_epoch() + time).count()};
    const auto& changes = zone_.changes;
    if (changes.empty()) return {local, local};
    std::optional<Timestamp> first;
    Timestamp last;
    for (std::size_t i = stretch_before(local); i < changes.size(); ++i) {
      const Timestamp begins = i == 0 ? Timestamp{kMin} : changes[i].from;
      const Timestamp ends = i + 1 == changes.size() ? Timestamp{kMax} : changes[i + 1].from;
      const Timestamp utc = local - changes[i].offset;
      if (utc < begins) {  // skipped, unless an earlier stretch had it
        if (!first) first = last = begins;
        break;
      }
      if (utc >= ends) continue;
      if (!first) first = utc;
      last = utc;
    }
    return {first.value_or(local), first ? last : local};
  }

  /// The stretch that holds a moment surely before that local time.
  [[nodiscard]] std::size_t stretch_before(Timestamp local) const {
    const Timestamp early = local - std::chrono::hours(48);
    const auto next = std::ranges::upper_bound(zone_.changes, early, {}, &OffsetChange::from);
    return next == zone_.changes.begin()
               ? 0
               : static_cast<std::size_t>(std::prev(next) - zone_.changes.begin());
  }

  static constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  static constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

  bool always_ = false;
  BusinessHours hours_;
  ZoneOffsets zone_;
};

}  // namespace kefu::inline v0::core
