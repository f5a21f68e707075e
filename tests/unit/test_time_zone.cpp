#include <kefu/time_zone.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <kefu/core/calendar.hpp>

namespace {

using namespace kefu;
using namespace std::chrono_literals;

std::chrono::seconds offset_at(const ZoneOffsets& zone, const char* time) {
  const Timestamp at = *Timestamp::parse(time);
  std::chrono::seconds offset{0};
  for (const OffsetChange& change : zone.changes) {
    if (change.from <= at) offset = change.offset;
  }
  return offset;
}

TEST_CASE("zones of the system's database") {
  const auto berlin = load_time_zone("Europe/Berlin");
  REQUIRE(berlin);
  CHECK(std::ranges::is_sorted(berlin->changes, {}, &OffsetChange::from));
  CHECK(offset_at(*berlin, "2026-01-01T00:00:00Z") == 1h);
  CHECK(offset_at(*berlin, "2026-03-29T00:59:59Z") == 1h);
  CHECK(offset_at(*berlin, "2026-03-29T01:00:00Z") == 2h);
  CHECK(offset_at(*berlin, "2030-07-01T00:00:00Z") == 2h);
  const auto shanghai = load_time_zone("Asia/Shanghai");
  REQUIRE(shanghai);
  CHECK(offset_at(*shanghai, "1988-07-01T00:00:00Z") == 9h);  // it had summer time then
  CHECK(offset_at(*shanghai, "2026-07-01T00:00:00Z") == 8h);
  const auto kathmandu = load_time_zone("Asia/Kathmandu");
  REQUIRE(kathmandu);
  CHECK(offset_at(*kathmandu, "2026-07-01T00:00:00Z") == 5h + 45min);
}

TEST_CASE("what is no zone is not found") {
  for (const char* name : {"", "Europe", "Europe/Nowhere", "../../etc/passwd", "europe/berlin"})
    CHECK(load_time_zone(name).error() == errc::not_found);
}

TEST_CASE("business hours in a real zone") {
  BusinessHours open;
  open.zone = "America/New_York";
  open.week[1] = {{9h, 17h}};
  const core::Calendar calendar(open, *load_time_zone(open.zone));
  CHECK(calendar.next_open(*Timestamp::parse("2026-03-02T00:00:00Z")) ==
        Timestamp::parse("2026-03-02T14:00:00Z"));
  CHECK(calendar.next_open(*Timestamp::parse("2026-03-09T00:00:00Z")) ==
        Timestamp::parse("2026-03-09T13:00:00Z"));
}

}  // namespace
