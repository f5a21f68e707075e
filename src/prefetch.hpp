// prefetch: asks for memory before it is used. Connections and sessions lie wherever the heap had
// room, and whoever walks a list of them would wait for each.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kefu::inline v0 {

/// `object` will be used soon: its first `size` bytes are fetched. Any pointer will do, null too.
inline void prefetch(const void* object, std::size_t size) noexcept {
#if defined(__GNUC__)
  constexpr std::size_t kLine = 64;
  // Not by arithmetic on the pointer, for which it would have to point to so much.
  const auto from = reinterpret_cast<std::uintptr_t>(object);
  for (std::size_t at = 0; at < size; at += kLine)
    __builtin_prefetch(reinterpret_cast<const void*>(from + at));
#else
  static_cast<void>(object);
  static_cast<void>(size);
#endif
}

}  // namespace kefu::inline v0
