// Numbers as PostgreSQL's binary format has them: big-endian.
#pragma once

#include <cstdint>
#include <string>

namespace kefu::inline v0::postgres {

template <class Unsigned>
void put_number(std::string& out, Unsigned value) {
  for (int shift = static_cast<int>(sizeof(value)) * 8 - 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> shift));
}

template <class Unsigned>
[[nodiscard]] Unsigned take_number(const char* from) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i)
    value = value << 8 | static_cast<unsigned char>(from[i]);
  return static_cast<Unsigned>(value);
}

}  // namespace kefu::inline v0::postgres
