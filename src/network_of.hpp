// Whom an address stands for where peers are counted.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kefu::inline v0 {

/// Empty for loopback: that is this machine itself, or a proxy on it, and nobody to be counted.
/// Of an IPv6 address its first 64 bits, in a form of its own: whoever has one has the whole
/// network behind them. An IPv4 address, mapped into IPv6 or not, is itself, and so is anything
/// else. `address` is what inet_ntop() writes.
[[nodiscard]] inline std::string network_of(std::string_view address) {
  constexpr int kGroups = 8;
  constexpr int kOfNetwork = 4;
  if (address == "::1" || address.starts_with("127.")) return {};
  if (address.find(':') == std::string_view::npos) return std::string{address};
  constexpr std::string_view kMapped = "::ffff:";
  if (address.starts_with(kMapped) && address.find('.') != std::string_view::npos)
    return network_of(address.substr(kMapped.size()));
  const std::size_t gap = address.find("::");
  const auto count = [](std::string_view part) {
    int groups = part.empty() ? 0 : 1;
    for (const char c : part) groups += c == ':' ? 1 : 0;
    return groups;
  };
  std::string out;
  int written = 0;
  const auto take = [&](std::string_view part) {
    while (!part.empty() && written < kOfNetwork) {
      const std::size_t end = part.find(':');
      out.append(part.substr(0, end)).append(1, ':');
      ++written;
      part = end == std::string_view::npos ? std::string_view{} : part.substr(end + 1);
    }
  };
  if (gap == std::string_view::npos) {
    take(address);
    return out;
  }
  const std::string_view front = address.substr(0, gap);
  std::string_view back = address.substr(gap + 2);
  // An IPv4 address at the end stands for two groups; it belongs to the last 64 bits.
  const int behind = count(back) + (back.find('.') == std::string_view::npos ? 0 : 1);
  take(front);
  for (int zeros = kGroups - count(front) - behind; zeros > 0 && written < kOfNetwork; --zeros) {
    out.append("0:");
    ++written;
  }
  take(back);
  return out;
}

}  // namespace kefu::inline v0
