#include <kefu/core/calendar.hpp>

#include <doctest/doctest.h>

#include <string_view>

namespace {

using namespace kefu;
using core::Calendar;
using namespace std::chrono_literals;
using std::chrono::hours;
using std::chrono::minutes;

Timestamp utc(std::string_view text) { return *Timestamp::parse(std::string(text) + ":00Z"); }

/// Monday to Friday from 9 to 12 and from 13 to 17.
BusinessHours office() {
  BusinessHours out;
  for (std::size_t day = 1; day <= 5; ++day) out.week[day] = {{9h, 12h}, {13h, 17h}};
  return out;
}
BusinessHours around_the_clock() {
  BusinessHours out;
  out.week.fill({{0h, 24h}});
  return out;
}

/// Central Europe in 2026: summer time from 29 March, 01:00 UTC, to 25 October, 01:00 UTC.
ZoneOffsets berlin() {
  return {{{utc("2025-10-26T01:00"), 1h},
           {utc("2026-03-29T01:00"), 2h},
           {utc("2026-10-25T01:00"), 1h}}};
}

TEST_CASE("several intervals a day, with the edges where they belong") {
  const Calendar calendar(office(), {});
  CHECK(!calendar.is_open(utc("2026-11-23T08:59")));
  CHECK(calendar.is_open(utc("2026-11-23T09:00")));
  CHECK(calendar.is_open(utc("2026-11-23T11:59")));
  CHECK(!calendar.is_open(utc("2026-11-23T12:00")));
  CHECK(!calendar.is_open(utc("2026-11-23T12:30")));
  CHECK(calendar.is_open(utc("2026-11-23T13:00")));
  CHECK(!calendar.is_open(utc("2026-11-23T17:00")));
  CHECK(!calendar.is_open(utc("2026-11-22T10:00")));  // Sunday
  CHECK(calendar.next_open(utc("2026-11-20T17:00")) == utc("2026-11-23T09:00"));
}

TEST_CASE("business time runs while it is open") {
  const Calendar calendar(office(), {});
  const Timestamp friday = utc("2026-11-20T16:00");
  CHECK(calendar.add(friday, 1h) == utc("2026-11-20T17:00"));
  CHECK(calendar.add(friday, 1h + 1ns) == utc("2026-11-23T09:00") + 1ns);
  CHECK(calendar.add(friday, 5h) == utc("2026-11-23T14:00"));
  CHECK(calendar.add(friday, 0h) == friday);
  CHECK(calendar.add(utc("2026-11-21T10:00"), 0h) == utc("2026-11-23T09:00"));
  CHECK(calendar.between(friday, utc("2026-11-23T14:00")) == 5h);
  CHECK(calendar.between(friday, friday) == 0h);
  CHECK(calendar.between(utc("2026-11-23T14:00"), friday) == 0h);
  CHECK(calendar.between(utc("2026-11-23T00:00"), utc("2026-11-30T00:00")) == 35h);
}

TEST_CASE("holidays: closed, or with hours of their own") {
  BusinessHours open = office();
  using namespace std::chrono;
  open.holidays = {{2026y / December / 24, {{9h, 11h}}}, {2026y / December / 25, {}}};
  const Calendar calendar(open, {});
  CHECK(calendar.between(utc("2026-12-24T00:00"), utc("2026-12-28T00:00")) == 2h);
  CHECK(calendar.next_open(utc("2026-12-24T11:00")) == utc("2026-12-28T09:00"));
}

TEST_CASE("hours are local, in winter and in summer") {
  const Calendar calendar(office(), berlin());
  CHECK(calendar.next_open(utc("2026-01-05T00:00")) == utc("2026-01-05T08:00"));
  CHECK(calendar.next_open(utc("2026-07-06T00:00")) == utc("2026-07-06T07:00"));
  ZoneOffsets shanghai{{{utc("2000-01-01T00:00"), 8h}}};
  const Calendar far(office(), shanghai);
  CHECK(far.next_open(utc("2026-01-05T00:00")) == utc("2026-01-05T01:00"));
  // Sunday evening in London is Monday morning there.
  CHECK(far.is_open(utc("2026-01-05T01:30")));
  CHECK(far.next_open(utc("1990-01-01T00:00")) == utc("1990-01-01T01:00"));  // before the table
}

TEST_CASE("a day is 23 or 25 hours long when the clocks change, and no moment counts twice") {
  const Calendar calendar(around_the_clock(), berlin());
  CHECK(calendar.between(utc("2026-03-28T23:00"), utc("2026-03-29T22:00")) == 23h);
  CHECK(calendar.between(utc("2026-10-24T22:00"), utc("2026-10-25T23:00")) == 25h);
  CHECK(calendar.between(utc("2026-01-01T00:00"), utc("2027-01-01T00:00")) == 365 * 24h);
  CHECK(calendar.add(utc("2026-03-28T00:00"), 48h) == utc("2026-03-30T00:00"));
}

TEST_CASE("a skipped local time is the moment of the change") {
  BusinessHours open;
  open.week[0] = {{2h + 30min, 4h}};  // Sundays; 02:30 does not exist on 29 March
  const Calendar calendar(open, berlin());
  CHECK(calendar.next_open(utc("2026-03-28T12:00")) == utc("2026-03-29T01:00"));
  CHECK(calendar.between(utc("2026-03-28T12:00"), utc("2026-03-29T12:00")) == 1h);
}

TEST_CASE("a repeated local time opens at the first and closes at the last") {
  BusinessHours open;
  open.week[0] = {{2h, 2h + 30min}};  // comes twice on 25 October
  const Calendar calendar(open, berlin());
  CHECK(calendar.next_open(utc("2026-10-24T12:00")) == utc("2026-10-25T00:00"));
  CHECK(calendar.between(utc("2026-10-24T12:00"), utc("2026-10-25T12:00")) == 90min);
}

TEST_CASE("midnight that comes twice is in one of the two days") {
  // Havana puts its clocks back at 01:00 to 00:00.
  ZoneOffsets havana{{{utc("2026-03-08T05:00"), -4h}, {utc("2026-11-01T05:00"), -5h}}};
  const Calendar calendar(around_the_clock(), havana);
  CHECK(calendar.between(utc("2026-10-31T00:00"), utc("2026-11-03T00:00")) == 72h);
}

TEST_CASE("always open, and never") {
  const Calendar always;
  CHECK(always.is_open(utc("2026-11-22T03:00")));
  CHECK(always.add(utc("2026-11-22T03:00"), 5h) == utc("2026-11-22T08:00"));
  CHECK(always.between(utc("2026-11-22T03:00"), utc("2026-11-22T04:00")) == 1h);
  const Calendar never(BusinessHours{}, {});
  CHECK(!never.next_open(utc("2026-11-22T03:00")));
  CHECK(!never.add(utc("2026-11-22T03:00"), 1h));
  CHECK(never.between(utc("2026-11-22T03:00"), utc("2026-12-22T03:00")) == 0h);
}

TEST_CASE("adding and measuring are each other's inverse") {
  const Calendar calendar(office(), berlin());
  for (int i = 0; i < 400; ++i) {
    const Timestamp from = utc("2026-01-01T00:00") + hours(i * 17) + minutes(i);
    const Nanoseconds time = minutes(37 * i + 1);
    const auto to = calendar.add(from, time);
    REQUIRE(to);
    CHECK(calendar.between(from, *to) == time);
  }
}

}  // namespace
