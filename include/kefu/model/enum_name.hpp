// enum_from_name: the way back from the names that values of an enum have in records and frames.
//
// An enum takes part when it counts up from 0 and has, found by argument-dependent lookup,
//   constexpr std::string_view name(E)   the name of a value
//   constexpr E last_of(E)               its last value
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace kefu::inline v0 {

/// The value that has this name; nothing for any other text.
template <class E>
[[nodiscard]] constexpr std::optional<E> enum_from_name(std::string_view text) noexcept {
  for (std::uint32_t i = 0; i <= static_cast<std::uint32_t>(last_of(E{})); ++i) {
    if (name(static_cast<E>(i)) == text) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace kefu::inline v0
