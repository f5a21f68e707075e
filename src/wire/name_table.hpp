// NameTable: finds a name among a fixed set in constant time. The hash is made perfect when the
// program is compiled.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kefu::inline v0::wire {

template <std::size_t N>
class NameTable {
 public:
  static constexpr std::size_t kNone = N;

  /// Precondition: the names are different and not empty.
  constexpr explicit NameTable(const std::array<std::string_view, N>& names) : names_(names) {
    while (!place_all()) seed_ += 2;
  }

  /// The index of `text` among the names, or kNone.
  [[nodiscard]] constexpr std::size_t find(std::string_view text) const noexcept {
    if (text.empty()) return kNone;
    const std::size_t index = slots_[slot(text)];
    return index != kNone && names_[index] == text ? index : kNone;
  }

  [[nodiscard]] constexpr std::string_view name(std::size_t index) const noexcept {
    return names_[index];
  }

 private:
  static constexpr int kBits = 10;
  static_assert(N < 128, "the table is meant to stay mostly empty");

  [[nodiscard]] constexpr std::size_t slot(std::string_view text) const noexcept {
    const auto byte = [&](std::size_t at) {
      return std::uint32_t{static_cast<unsigned char>(text[at])};
    };
    const std::uint32_t inner = byte(text.size() / 2) + 3 * byte(text.size() > 1 ? 1 : 0);
    const std::uint32_t key = static_cast<std::uint32_t>(text.size()) ^ byte(0) << 8 ^
                              (inner & 0xff) << 16 ^ byte(text.size() - 1) << 24;
    return key * seed_ >> (32 - kBits);
  }

  constexpr bool place_all() {
    slots_.fill(static_cast<std::uint8_t>(kNone));
    for (std::size_t i = 0; i < N; ++i) {
      std::uint8_t& place = slots_[slot(names_[i])];
      if (place != kNone) return false;
      place = static_cast<std::uint8_t>(i);
    }
    return true;
  }

  std::array<std::string_view, N> names_;
  std::array<std::uint8_t, std::size_t{1} << kBits> slots_{};
  std::uint32_t seed_ = 0x9e37'79b1u;
};

}  // namespace kefu::inline v0::wire
