// traceparent: what ties a message to the trace of whoever sent it (W3C Trace Context, level 1). It
// stands among the tags of its entry (model/verdict.hpp), as it came, and goes with the entry
// wherever that is delivered. No policy's flag looks like one by accident.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace kefu::inline v0 {

/// "00-<32 digits>-<16 digits>-<2 digits>", hexadecimal in small letters, neither id all zeros.
[[nodiscard]] constexpr bool is_traceparent(std::string_view text) noexcept {
  constexpr std::size_t kTrace = 32;
  constexpr std::size_t kParent = 16;
  constexpr std::size_t kFlags = 2;
  constexpr std::string_view kVersion = "00-";
  if (text.size() != kVersion.size() + kTrace + kParent + kFlags + 2 || !text.starts_with(kVersion))
    return false;
  const std::string_view trace = text.substr(kVersion.size(), kTrace);
  const std::string_view parent = text.substr(kVersion.size() + kTrace + 1, kParent);
  const std::string_view flags = text.substr(text.size() - kFlags);
  const auto is_hex = [](std::string_view digits) {
    return digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  };
  const auto is_zero = [](std::string_view digits) {
    return digits.find_first_not_of('0') == std::string_view::npos;
  };
  return text[kVersion.size() + kTrace] == '-' && text[text.size() - kFlags - 1] == '-' &&
         is_hex(trace) && is_hex(parent) && is_hex(flags) && !is_zero(trace) && !is_zero(parent);
}

/// The one among an entry's tags, or "".
[[nodiscard]] constexpr std::string_view traceparent_in(std::string_view tags) noexcept {
  while (!tags.empty()) {
    const std::string_view word = tags.substr(0, tags.find(','));
    if (is_traceparent(word)) return word;
    tags.remove_prefix(std::min(word.size() + 1, tags.size()));
  }
  return {};
}

}  // namespace kefu::inline v0
