// LinkHost: the host to which a link in a text leads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kefu::inline v0 {

class LinkHost {
 public:
  /// `text` begins behind "://", or with the host itself, and may go on behind the link.
  explicit LinkHost(std::string_view text) noexcept;

  /// In lower case, without dots at its end. Empty: nothing that is a link. What can't be a plain
  /// name of ASCII has a '?' in it.
  [[nodiscard]] std::string_view name() const noexcept { return {host_.data(), size_}; }

  /// Whether it is `domain` or below it.
  [[nodiscard]] bool is_within(std::string_view domain) const noexcept;

 private:
  /// A browser takes punctuation for a part of the host. With no dot behind it that is no name that
  /// there can be, so the link has ended; with one it is a name below another domain.
  enum class Part : std::uint8_t { host, behind, behind_dot };
  enum class Sign : std::uint8_t { name, dot, punctuation, other };

  static Sign sign_of(std::string_view text, std::size_t at, char folded) noexcept;
  void take(Sign sign, char byte) noexcept;
  void add(char byte) noexcept;

  static constexpr std::size_t kMax = 256;  // above what a name may have
  std::array<char, kMax> host_;             // its first size_ bytes
  std::size_t size_ = 0;
  Part part_ = Part::host;
};

}  // namespace kefu::inline v0
