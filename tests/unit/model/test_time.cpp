#include <kefu/model/time.hpp>

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace {

using namespace kefu;

static_assert(Timestamp::parse("1970-01-01T00:00:00Z")->ns == 0);

TEST_CASE("known times, from date(1)") {
  const auto check = [](std::int64_t seconds, const char* text) {
    CHECK(Timestamp{seconds * 1'000'000'000 + 1}.to_string() == std::string(text) + ".000000001Z");
    CHECK(Timestamp::parse(std::string(text) + "Z") == Timestamp{seconds * 1'000'000'000});
  };
  check(0, "1970-01-01T00:00:00");
  check(951'782'400, "2000-02-29T00:00:00");
  check(951'868'799, "2000-02-29T23:59:59");
  check(1'795'422'683, "2026-11-23T08:31:23");
  check(4'107'542'399, "2100-02-28T23:59:59");
  check(4'107'542'400, "2100-03-01T00:00:00");
  check(-1, "1969-12-31T23:59:59");
  check(-2'203'891'200, "1900-03-01T00:00:00");
}

TEST_CASE("a time comes back from its text") {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> any(-9'000'000'000'000'000'000,
                                                  9'000'000'000'000'000'000);
  for (int i = 0; i < 2000; ++i) {
    const Timestamp time{any(random)};
    const std::string text = time.to_string();
    REQUIRE(text.size() == kTimestampTextSize);
    REQUIRE(Timestamp::parse(text) == time);
  }
}

TEST_CASE("texts sort as times do") {
  CHECK(Timestamp{999'999'999}.to_string() < Timestamp{1'000'000'000}.to_string());
}

TEST_CASE("zero to nine digits of a fraction are read") {
  CHECK(Timestamp::parse("1970-01-01T00:00:01Z")->ns == 1'000'000'000);
  CHECK(Timestamp::parse("1970-01-01T00:00:00.5Z")->ns == 500'000'000);
  CHECK(Timestamp::parse("1970-01-01T00:00:00.000001Z")->ns == 1000);
  CHECK(Timestamp::parse("1970-01-01T00:00:00.123456789Z")->ns == 123'456'789);
}

TEST_CASE("what is no RFC 3339 time in UTC is nothing") {
  for (const char* bad : {"",
                          "Z",
                          "2026-11-23",
                          "2026-11-23T08:31:23",
                          "2026-11-23T08:31:23+00:00",
                          "2026-11-23 08:31:23Z",
                          "2026-11-23t08:31:23z",
                          "2026-11-23T08:31Z",
                          "2026-11-23T08:31:23.Z",
                          "2026-11-23T08:31:23.1234567890Z",
                          "2026-11-23T08:31:23.12x4Z",
                          "2026-11-23T08:31:23,5Z",
                          "2026-11-23T08:31:23ZZ",
                          "2026-11-23T24:00:00Z",
                          "2026-11-23T08:60:00Z",
                          "2026-11-23T08:31:60Z",
                          "2026-13-01T00:00:00Z",
                          "2026-00-01T00:00:00Z",
                          "2026-11-00T00:00:00Z",
                          "2026-11-31T00:00:00Z",
                          "2026-02-29T00:00:00Z",
                          "0000-01-01T00:00:00Z",
                          "1677-01-01T00:00:00Z",
                          "2263-01-01T00:00:00Z",
                          "9999-12-31T23:59:59Z",
                          "-026-11-23T08:31:23Z"}) {
    CAPTURE(bad);
    CHECK(!Timestamp::parse(bad));
  }
  const std::string good = "2026-11-23T08:31:23.000000001Z";
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const char c : {'x', ' ', '\0', '\xff', '/'}) {
      std::string text = good;
      text[at] = c;
      REQUIRE(!Timestamp::parse(text));
    }
  }
}

TEST_CASE("instants and timestamps are points, their differences durations") {
  CHECK((Instant{5} + Nanoseconds(3)) == Instant{8});
  CHECK(Instant{8} - Instant{5} == Nanoseconds(3));
  CHECK((Timestamp{5} - Nanoseconds(6)) == Timestamp{-1});
  CHECK(Timestamp{8} - Timestamp{5} == Nanoseconds(3));
  CHECK(Timestamp{1} < Timestamp{2});
}

}  // namespace
