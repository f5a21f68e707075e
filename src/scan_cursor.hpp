// A scan's cursor (ScanPage::next) is the last (index key, id) it gave: the key's size, a colon,
// the key, the id. Keys hold any bytes, so nothing can stand between the two as a separator.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace kefu::inline v0::detail {

inline std::string make_scan_cursor(std::string_view key, std::string_view id) {
  std::string cursor = std::to_string(key.size());
  cursor += ':';
  cursor += key;
  cursor += id;
  return cursor;
}

/// (index key, id), or nothing for what make_scan_cursor() did not write.
inline std::optional<std::pair<std::string, std::string>> parse_scan_cursor(
    std::string_view cursor) {
  const std::size_t colon = cursor.find(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  std::size_t size = 0;
  for (const char c : cursor.substr(0, colon)) {
    if (c < '0' || c > '9' || size > cursor.size()) return std::nullopt;
    size = size * 10 + static_cast<std::size_t>(c - '0');
  }
  const std::string_view rest = cursor.substr(colon + 1);
  if (size > rest.size()) return std::nullopt;
  return std::pair{std::string(rest.substr(0, size)), std::string(rest.substr(size))};
}

}  // namespace kefu::inline v0::detail
