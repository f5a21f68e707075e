#include <kefu/wire/json_text.hpp>

#include <cstdint>
#include <cstring>

namespace kefu::inline v0::wire {
namespace {

constexpr bool is_plain(char c) noexcept {
  return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

/// Sixteen bytes, each of which is worked on by itself: a vector of GCC and clang.
using Block = unsigned char __attribute__((vector_size(16)));

bool all_plain(const char* text) noexcept {
  Block bytes;
  std::memcpy(&bytes, text, sizeof bytes);
  const auto special = (bytes < 0x20) | (bytes == '"') | (bytes == '\\');
  std::uint64_t halves[2];
  std::memcpy(halves, &special, sizeof halves);
  return (halves[0] | halves[1]) == 0;
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
  while (at + sizeof(Block) <= text.size() && all_plain(text.data() + at)) at += sizeof(Block);
  if (at != 0 && text.size() - at < sizeof(Block) &&
      all_plain(text.data() + text.size() - sizeof(Block)))
    return text.size();
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

}  // namespace kefu::inline v0::wire
