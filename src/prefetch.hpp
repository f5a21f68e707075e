// prefetch: asks for memory before it is used. Connections and sessions lie wherever the heap had
// room, and whoever walks a list of them would wait for each.
#pragma once

#include <cstddef>

namespace kefu {

/// `object` will be used soon: its first `size` bytes are fetched. Any pointer will do, null too.
inline void prefetch(const void* object, std::size_t size) noexcept {
#if defined(__GNUC__)
  constexpr std::size_t kLine = 64;
  for (std::size_t at = 0; at < size; at += kLine)
    __builtin_prefetch(static_cast<const char*>(object) + at);
#else
  static_cast<void>(object);
  static_cast<void>(size);
#endif
}

}  // namespace kefu
