// IP addresses and networks, as bytes: IPv4 is mapped into IPv6.
#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kefu::inline v0 {

using AddressBytes = std::array<std::uint8_t, 16>;

inline constexpr std::size_t kV4Offset = 12;
inline constexpr unsigned kV4Bits = 96;  // in front of an IPv4 address

[[nodiscard]] inline std::optional<AddressBytes> parse_address(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size()) return std::nullopt;
  text.copy(terminated.data(), text.size());
  AddressBytes bytes{};
  if (inet_pton(AF_INET6, terminated.data(), bytes.data()) == 1) return bytes;
  bytes[10] = bytes[11] = 0xff;
  if (inet_pton(AF_INET, terminated.data(), bytes.data() + kV4Offset) == 1) return bytes;
  return std::nullopt;
}

[[nodiscard]] inline bool is_v4(const AddressBytes& bytes) noexcept {
  return bytes[10] == 0xff && bytes[11] == 0xff &&
         std::all_of(bytes.begin(), bytes.begin() + 10, [](std::uint8_t b) { return b == 0; });
}

[[nodiscard]] inline std::string text_of(const AddressBytes& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_v4(bytes)) {
    inet_ntop(AF_INET, bytes.data() + kV4Offset, text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  }
  return text.data();
}

[[nodiscard]] inline bool same_bits(const AddressBytes& a, const AddressBytes& b,
                                    unsigned bits) noexcept {
  const std::size_t whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff00u >> (bits % 8));
  return ((a[whole] ^ b[whole]) & mask) == 0;
}

/// All addresses that begin with the same bits.
struct AddressRange {
  AddressBytes bytes{};
  unsigned bits = 128;  // also of IPv4, mapped

  [[nodiscard]] bool covers(const AddressBytes& address) const noexcept {
    return same_bits(bytes, address, bits);
  }
  /// One form for each: nothing behind the prefix, and no length of a single address.
  [[nodiscard]] std::string to_string() const {
    AddressBytes first = bytes;
    for (unsigned bit = bits; bit < 128; ++bit)
      first[bit / 8] = static_cast<std::uint8_t>(first[bit / 8] & ~(0x80u >> (bit % 8)));
    if (bits == 128) return text_of(first);
    return text_of(first) + "/" + std::to_string(is_v4(bytes) ? bits - kV4Bits : bits);
  }
};

/// "192.0.2.1", "192.0.2.0/24", "2001:db8::/32".
[[nodiscard]] inline std::optional<AddressRange> parse_range(std::string_view text) noexcept {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == text.size()) return AddressRange{*address, 128};
  const unsigned offset = is_v4(*address) ? kV4Bits : 0;
  const std::string_view length = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
  if (error != std::errc{} || end != length.data() + length.size() || bits > 128 - offset)
    return std::nullopt;
  return AddressRange{*address, bits + offset};
}

}  // namespace kefu::inline v0
