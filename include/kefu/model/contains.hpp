// contains: std::ranges::contains of C++23 for a plain value, without <algorithm>, which headers
// that everybody includes do without.
#pragma once

namespace kefu::inline v0::detail {

template <class Range, class T>
[[nodiscard]] constexpr bool contains(const Range& range, const T& value) noexcept {
  for (const auto& one : range) {
    if (one == value) return true;
  }
  return false;
}

}  // namespace kefu::inline v0::detail
