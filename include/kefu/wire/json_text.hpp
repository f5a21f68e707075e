// JSON strings: what a text needs so that it can stand between quotes.
#pragma once

#include <cstddef>
#include <string_view>

namespace kefu::inline v0::wire {

/// How many bytes at the start of `text` stand in a JSON string as they are: all before the first
/// quote, backslash or control character.
[[nodiscard]] std::size_t plain_prefix(std::string_view text) noexcept;

/// The longest form of one byte: \u001f.
inline constexpr std::size_t kMaxEscape = 6;

/// Writes `text` escaped, without quotes, and returns the position after it. `out` has room for
/// kMaxEscape bytes for each byte of `text`.
char* write_escaped(std::string_view text, char* out) noexcept;

}  // namespace kefu::inline v0::wire
