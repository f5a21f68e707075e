#include "wire/json_text.hpp"

#include <cstdint>
#include <cstring>

namespace kefu::wire {
namespace {

constexpr std::uint64_t kOnes = 0x0101'0101'0101'0101u;
constexpr std::uint64_t kHighs = 0x8080'8080'8080'8080u;

constexpr bool is_plain(char c) noexcept {
  return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

std::uint64_t load(const char* p) noexcept {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

/// Not zero when one of the eight bytes needs an escape. (x - n) & ~x has a byte's high bit set for
/// the lowest byte below n; bytes above it may be reported wrongly, which does not change the
/// answer.
constexpr std::uint64_t special(std::uint64_t word) noexcept {
  const std::uint64_t quote = word ^ kOnes * '"';
  const std::uint64_t backslash = word ^ kOnes * '\\';
  return (((word - kOnes * 0x20) & ~word) | ((quote - kOnes) & ~quote) |
          ((backslash - kOnes) & ~backslash)) &
         kHighs;
}

char* write_escape(char c, char* out) noexcept {
  constexpr char kHex[] = "0123456789abcdef";
  *out++ = '\\';
  switch (c) {
    case '"':
      *out++ = '"';
      return out;
    case '\\':
      *out++ = '\\';
      return out;
    case '\b':
      *out++ = 'b';
      return out;
    case '\f':
      *out++ = 'f';
      return out;
    case '\n':
      *out++ = 'n';
      return out;
    case '\r':
      *out++ = 'r';
      return out;
    case '\t':
      *out++ = 't';
      return out;
    default:
      break;
  }
  const auto code = static_cast<unsigned char>(c);
  std::memcpy(out, "u00", 3);
  out[3] = kHex[code >> 4];
  out[4] = kHex[code & 15];
  return out + 5;
}

}  // namespace

std::size_t plain_prefix(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at + 16 <= text.size() &&
         (special(load(text.data() + at)) | special(load(text.data() + at + 8))) == 0)
    at += 16;
  if (at + 8 <= text.size() && special(load(text.data() + at)) == 0) at += 8;
  while (at < text.size() && is_plain(text[at])) ++at;
  return at;
}

char* write_escaped(std::string_view text, char* out) noexcept {
  while (true) {
    const std::size_t plain = plain_prefix(text);
    if (plain != 0) std::memcpy(out, text.data(), plain);
    out += plain;
    if (plain == text.size()) return out;
    out = write_escape(text[plain], out);
    text.remove_prefix(plain + 1);
  }
}

}  // namespace kefu::wire
