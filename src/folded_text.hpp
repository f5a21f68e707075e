// Folding: what counts as the same letter where texts are looked through for words and links.
// Modest on purpose: the letters A to Z are as a to z, the full-width forms of ASCII (U+FF01 to
// U+FF5E) are as what they stand for, and the ideographic space is as a space. Nothing else is
// touched: no accents, no homoglyphs, no spaces in between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kefu::inline v0 {

struct Folded {
  char byte = 0;
  std::uint8_t size = 1;  ///< bytes of the text that stand for it: 1 or 3
};

[[nodiscard]] constexpr char fold_letter(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// A byte that may begin a form of three bytes that is folded into one.
[[nodiscard]] constexpr bool may_begin_wide(char c) noexcept { return c == '\xef' || c == '\xe3'; }

/// What stands at `at` in UTF-8. Precondition: at < text.size().
[[nodiscard]] constexpr Folded fold(std::string_view text, std::size_t at) noexcept {
  const char first = text[at];
  if (!may_begin_wide(first) || text.size() - at < 3) return {fold_letter(first), 1};
  const auto second = static_cast<unsigned char>(text[at + 1]);
  const auto third = static_cast<unsigned char>(text[at + 2]);
  if (first == '\xe3') {
    if (second == 0x80 && third == 0x80) return {' ', 3};
    return {first, 1};
  }
  const unsigned code = 0xf000u | (second & 0x3fu) << 6 | (third & 0x3fu);
  constexpr unsigned kFirst = 0xff01, kLast = 0xff5e, kDistance = 0xfee0;
  if (second < 0x80 || third < 0x80 || code < kFirst || code > kLast) return {first, 1};
  return {fold_letter(static_cast<char>(code - kDistance)), 3};
}

[[nodiscard]] inline std::string folded(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Folded next = fold(text, at);
    out += next.byte;
    at += next.size;
  }
  return out;
}

[[nodiscard]] constexpr bool is_word_letter(char folded) noexcept {
  return (folded >= 'a' && folded <= 'z') || (folded >= '0' && folded <= '9');
}

}  // namespace kefu::inline v0
