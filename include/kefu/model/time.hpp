// Timestamp: wall-clock time in nanoseconds since the Unix epoch, UTC. Its text form is RFC 3339
// with nine fractional digits, e.g. 2026-11-23T08:31:23.000000001Z. Order is never taken from a
// clock: a Timestamp says when, `seq` says in which order.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kefu::inline v0 {

/// A length of time: every one in kefu.
using Nanoseconds = std::chrono::nanoseconds;
/// For those who write lengths of time.
using Milliseconds = std::chrono::milliseconds;

/// A point on a monotonic clock of this process, for deadlines; it means nothing elsewhere and is
/// never stored.
struct Instant {
  std::int64_t ns = 0;

  friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
  friend constexpr Instant operator+(Instant t, Nanoseconds d) noexcept {
    return {t.ns + d.count()};
  }
  friend constexpr Nanoseconds operator-(Instant a, Instant b) noexcept {
    return Nanoseconds(a.ns - b.ns);
  }
};

inline constexpr std::size_t kTimestampTextSize = 30;

struct Timestamp {
  std::int64_t ns = 0;

  friend constexpr auto operator<=>(const Timestamp&, const Timestamp&) = default;
  friend constexpr Timestamp operator+(Timestamp t, Nanoseconds d) noexcept {
    return {t.ns + d.count()};
  }
  friend constexpr Timestamp operator-(Timestamp t, Nanoseconds d) noexcept {
    return {t.ns - d.count()};
  }
  friend constexpr Nanoseconds operator-(Timestamp a, Timestamp b) noexcept {
    return Nanoseconds(a.ns - b.ns);
  }

  /// Writes exactly kTimestampTextSize characters and returns the position after them. Years 0000
  /// to 9999.
  constexpr char* format_to(char* out) const noexcept {
    using namespace std::chrono;
    const sys_time<nanoseconds> instant{nanoseconds(ns)};
    const auto day = floor<days>(instant);
    const year_month_day date(day);
    const auto in_day = static_cast<std::uint64_t>((instant - day).count());
    const std::uint64_t seconds = in_day / 1'000'000'000;
    out = digits(out, static_cast<std::uint64_t>(static_cast<int>(date.year())), 4);
    *out++ = '-';
    out = digits(out, static_cast<unsigned>(date.month()), 2);
    *out++ = '-';
    out = digits(out, static_cast<unsigned>(date.day()), 2);
    *out++ = 'T';
    out = digits(out, seconds / 3600, 2);
    *out++ = ':';
    out = digits(out, seconds / 60 % 60, 2);
    *out++ = ':';
    out = digits(out, seconds % 60, 2);
    *out++ = '.';
    out = digits(out, in_day % 1'000'000'000, 9);
    *out++ = 'Z';
    return out;
  }

  /// As write(), in a text of its own.
  [[nodiscard]] std::string to_string() const {
    std::string text(kTimestampTextSize, '\0');
    format_to(text.data());
    return text;
  }

  /// Accepts RFC 3339 in UTC ("Z"), with zero to nine fractional digits; nothing for anything else.
  [[nodiscard]] static constexpr std::optional<Timestamp> parse(std::string_view text) noexcept {
    constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
    if (text.size() <= kShape.size() || text.back() != 'Z') return std::nullopt;
    bool shaped = true;  // without a branch for each
    for (std::size_t i = 0; i < kShape.size(); ++i)
      shaped &= kShape[i] == 'd' ? is_digit(text[i]) : text[i] == kShape[i];
    if (!shaped) return std::nullopt;
    const auto fraction = fraction_ns(text.substr(kShape.size(), text.size() - kShape.size() - 1));
    if (!fraction) return std::nullopt;
    using namespace std::chrono;
    const year_month_day date(year(number(text, 0, 4)),
                              month(static_cast<unsigned>(number(text, 5, 2))),
                              day(static_cast<unsigned>(number(text, 8, 2))));
    const int hour = number(text, 11, 2), minute = number(text, 14, 2),
              second = number(text, 17, 2);
    if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
    const auto since_epoch = sys_days(date).time_since_epoch();
    if (since_epoch < kMinDays || since_epoch >= kMaxDays)
      return std::nullopt;  // outside 64-bit nanoseconds
    const nanoseconds time = since_epoch + hours(hour) + minutes(minute) + seconds(second);
    return Timestamp{time.count() + *fraction};
  }

 private:
  static constexpr std::chrono::days kMinDays{-106'751};
  static constexpr std::chrono::days kMaxDays{106'751};

  static constexpr char* digits(char* out, std::uint64_t value, int width) noexcept {
    for (int i = width - 1; i >= 0; --i, value /= 10) out[i] = static_cast<char>('0' + value % 10);
    return out + width;
  }
  static constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
  static constexpr int number(std::string_view text, std::size_t at, std::size_t width) noexcept {
    int value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value * 10 + (text[at + i] - '0');
    return value;
  }
  static constexpr std::optional<std::int64_t> fraction_ns(std::string_view text) noexcept {
    if (text.empty()) return 0;
    if (text.front() != '.' || text.size() < 2 || text.size() > 10) return std::nullopt;
    std::int64_t value = 0;
    for (std::size_t i = 1; i < 10; ++i) {
      if (i < text.size() && !is_digit(text[i])) return std::nullopt;
      value = value * 10 + (i < text.size() ? text[i] - '0' : 0);
    }
    return value;
  }
};

}  // namespace kefu::inline v0
