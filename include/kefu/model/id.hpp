// Id<Tag>: 128-bit identifiers, each kind a type of its own. Their text form is that of a UUID (RFC
// 9562, §4): 36 characters, lower case. Clients make UUIDv7 so that ids sort by time, but kefu
// never reads the time out of an id.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kefu::inline v0 {

inline constexpr std::size_t kIdTextSize = 36;

namespace detail {

/// "000102…ff": both digits of a byte at once; ids are written and read for every message.
inline constexpr auto kHexPairs = [] {
  constexpr char kDigits[] = "0123456789abcdef";
  std::array<char, 512> pairs{};
  for (std::size_t i = 0; i < 256; ++i) {
    pairs[2 * i] = kDigits[i >> 4];
    pairs[2 * i + 1] = kDigits[i & 15];
  }
  return pairs;
}();

inline constexpr std::uint8_t kNoHexDigit = 0x80;
inline constexpr auto kHexValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoHexDigit);
  for (std::uint8_t i = 0; i < 10; ++i) values[static_cast<std::size_t>('0') + i] = i;
  for (std::uint8_t i = 10; i < 16; ++i) {
    values[static_cast<std::size_t>('a') + i - 10] = i;
    values[static_cast<std::size_t>('A') + i - 10] = i;
  }
  return values;
}();

}  // namespace detail

/// A UUID of one kind: ids of two kinds can not be mixed up.
template <class Tag>
struct Id {
  std::uint64_t hi = 0;
  std::uint64_t lo = 0;

  /// The nil id means "none"; it is never the id of anything.
  [[nodiscard]] constexpr bool is_nil() const noexcept { return (hi | lo) == 0; }
  friend constexpr auto operator<=>(const Id&, const Id&) = default;

  /// Writes exactly kIdTextSize characters and returns the position after them.
  constexpr char* format_to(char* out) const noexcept {
    for (int byte = 0; byte < 16; ++byte) {
      if (byte == 4 || byte == 6 || byte == 8 || byte == 10) *out++ = '-';
      const std::uint64_t value = (byte < 8 ? hi : lo) >> (56 - 8 * (byte % 8)) & 0xff;
      *out++ = detail::kHexPairs[2 * value];
      *out++ = detail::kHexPairs[2 * value + 1];
    }
    return out;
  }

  /// The text form of UUIDs, in lower case.
  [[nodiscard]] std::string to_string() const {
    std::string text(kIdTextSize, '\0');
    format_to(text.data());
    return text;
  }

  /// Accepts exactly the canonical form, in either case; nothing for anything else, nor for the nil
  /// id.
  [[nodiscard]] static constexpr std::optional<Id> parse(std::string_view text) noexcept {
    if (text.size() != kIdTextSize) return std::nullopt;
    for (std::size_t i : {8u, 13u, 18u, 23u}) {
      if (text[i] != '-') return std::nullopt;
    }
    int bad = 0;  // a digit's value is below 16, kNoHexDigit above
    const auto digits = [&](std::size_t from, std::size_t to) {
      std::uint64_t value = 0;
      for (std::size_t i = from; i < to; ++i) {
        const std::uint8_t digit = detail::kHexValues[static_cast<unsigned char>(text[i])];
        bad |= digit;
        value = value << 4 | digit;
      }
      return value;
    };
    const Id id{digits(0, 8) << 32 | digits(9, 13) << 16 | digits(14, 18),
                digits(19, 23) << 48 | digits(24, kIdTextSize)};
    if (bad > 15 || id.is_nil()) return std::nullopt;
    return id;
  }

  /// Big-endian bytes, as RFC 9562 lays them out.
  [[nodiscard]] constexpr std::array<std::uint8_t, 16> bytes() const noexcept {
    std::array<std::uint8_t, 16> out{};
    for (std::size_t i = 0; i < 8; ++i) {
      out[i] = static_cast<std::uint8_t>(hi >> (56 - 8 * i));
      out[8 + i] = static_cast<std::uint8_t>(lo >> (56 - 8 * i));
    }
    return out;
  }
  /// Reads 16 bytes, the first one first.
  [[nodiscard]] static constexpr Id from_bytes(const std::uint8_t* in) noexcept {
    Id id;
    for (std::size_t i = 0; i < 8; ++i) {
      id.hi = id.hi << 8 | in[i];
      id.lo = id.lo << 8 | in[8 + i];
    }
    return id;
  }
};

/// Names a conversation; made by whoever opens it.
using ConversationId = Id<struct ConversationTag>;
/// Names a session; made by the server, never used again.
using SessionId = Id<struct SessionTag>;
/// Names a file; made by whoever sends it.
using FileId = Id<struct FileTag>;
/// Names a ticket; made by whoever creates it.
using TicketId = Id<struct TicketTag>;

/// Makes a UUIDv7 (RFC 9562, §5.7) from a wall-clock time in milliseconds and 74 random bits.
template <class AnyId>
[[nodiscard]] constexpr AnyId make_uuid_v7(std::uint64_t unix_ms, std::uint64_t random_a,
                                           std::uint64_t random_b) noexcept {
  AnyId id;
  id.hi = (unix_ms & 0xffff'ffff'ffffu) << 16 | 0x7000u | (random_a & 0x0fffu);
  id.lo = 0x8000'0000'0000'0000u | (random_b & 0x3fff'ffff'ffff'ffffu);
  return id;
}

}  // namespace kefu::inline v0

template <class Tag>
struct std::hash<kefu::Id<Tag>> {
  std::size_t operator()(const kefu::Id<Tag>& id) const noexcept {
    // Ids come from clients: mix, so that chosen or sequential ids don't pile up in one bucket or
    // shard.
    std::uint64_t x = id.hi ^ (id.lo * 0x9e37'79b9'7f4a'7c15u);
    x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9u;
    x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11ebu;
    return static_cast<std::size_t>(x ^ (x >> 31));
  }
};
