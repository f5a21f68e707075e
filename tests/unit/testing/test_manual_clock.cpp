#include <kefu/testing/manual_clock.hpp>

#include <doctest/doctest.h>

TEST_CASE("a manual clock moves only when told, either way") {
  kefu::testing::ManualClock clock;
  CHECK(clock.now().to_string() == "2026-01-01T00:00:00.000000000Z");
  clock.advance(std::chrono::seconds(61));
  CHECK(clock.now().to_string() == "2026-01-01T00:01:01.000000000Z");
  clock.advance(std::chrono::seconds(-1));
  CHECK(clock.now().to_string() == "2026-01-01T00:01:00.000000000Z");
  clock.set({0});
  CHECK(clock.now() == kefu::Timestamp{0});
}
