// Marker: what stands at the beginning of every message's body, so that whoever receives it knows
// which message it is and since when it has been on its way. The rest of the body is padding.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bench {

struct Marker {
  std::uint32_t run = 0;  ///< messages of an earlier run may still be in a server's store
  std::uint32_t flow = 0;
  std::uint32_t number = 0;  ///< 1, 2, 3 … in its flow
  std::uint64_t due_ns = 0;
};

inline constexpr std::size_t kMarkerSize = 2 + 8 + 8 + 8 + 16;

namespace detail {

inline void write_hex(char* out, std::uint64_t value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value >>= 4) out[i] = "0123456789abcdef"[value & 15];
}

template <class Number>
bool read_hex(std::string_view text, std::size_t at, std::size_t digits, Number& out) {
  const char* const end = text.data() + at + digits;
  return std::from_chars(text.data() + at, end, out, 16).ptr == end;
}

}  // namespace detail

/// Over the first kMarkerSize bytes of `body`.
inline void write(const Marker& marker, char* body) {
  body[0] = 'k';
  body[1] = 'b';
  detail::write_hex(body + 2, marker.run, 8);
  detail::write_hex(body + 10, marker.flow, 8);
  detail::write_hex(body + 18, marker.number, 8);
  detail::write_hex(body + 26, marker.due_ns, 16);
}

[[nodiscard]] inline std::optional<Marker> read_marker(std::string_view body) {
  Marker marker;
  if (body.size() < kMarkerSize || body[0] != 'k' || body[1] != 'b') return std::nullopt;
  if (!detail::read_hex(body, 2, 8, marker.run) || !detail::read_hex(body, 10, 8, marker.flow) ||
      !detail::read_hex(body, 18, 8, marker.number) ||
      !detail::read_hex(body, 26, 16, marker.due_ns))
    return std::nullopt;
  return marker;
}

}  // namespace bench
