// base64url without padding (RFC 4648, §5; RFC 7515, appendix C).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kefu::inline v0 {

inline constexpr std::string_view kBase64Url =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

inline constexpr std::uint8_t kNoBase64Url = 64;
/// The value of each character, kNoBase64Url for others.
inline constexpr std::array<std::uint8_t, 256> kBase64UrlValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoBase64Url);
  for (std::uint8_t i = 0; i < kBase64Url.size(); ++i)
    values[static_cast<unsigned char>(kBase64Url[i])] = i;
  return values;
}();

[[nodiscard]] inline std::string encode_base64url(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text += kBase64Url[bits >> (count - 6) & 63];
  }
  if (count != 0) text += kBase64Url[bits << (6 - count) & 63];
  return text;
}

/// Strict: no padding, no other characters, and nothing in the bits that are left over, so that one
/// token has one form.
[[nodiscard]] inline std::optional<std::string> decode_base64url(std::string_view text) {
  const std::size_t left_over = text.size() % 4;
  if (left_over == 1) return std::nullopt;
  std::string bytes(text.size() * 3 / 4, '\0');
  std::uint32_t seen = 0;  // all values or-ed
  // Four characters, of which those behind the end are 'A', into three bytes.
  const auto quad = [&](std::size_t at, std::size_t size) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const std::uint8_t value =
          i < size ? kBase64UrlValues[static_cast<unsigned char>(text[at + i])] : 0;
      seen |= value;
      bits = bits << 6 | value;
    }
    return bits;
  };
  std::size_t at = 0;
  char* out = bytes.data();
  for (; at + 4 <= text.size(); at += 4) {
    const std::uint32_t bits = quad(at, 4);
    *out++ = static_cast<char>(bits >> 16);
    *out++ = static_cast<char>(bits >> 8);
    *out++ = static_cast<char>(bits);
  }
  if (left_over != 0) {
    const std::uint32_t bits = quad(at, left_over);
    *out++ = static_cast<char>(bits >> 16);
    if (left_over == 3) *out++ = static_cast<char>(bits >> 8);
    if ((bits & (left_over == 3 ? 0xff : 0xffff)) != 0) return std::nullopt;
  }
  if ((seen & kNoBase64Url) != 0) return std::nullopt;
  return bytes;
}

}  // namespace kefu::inline v0
