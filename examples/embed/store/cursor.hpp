// Where a scan goes on: "<size of key>:<key><id>".
#pragma once

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>

namespace shop {

[[nodiscard]] inline std::string cursor_of(const std::string& key, const std::string& id) {
  return std::to_string(key.size()) + ':' + key + id;
}
[[nodiscard]] inline bool read_cursor(std::string_view text, std::string& key, std::string& id) {
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (error != std::errc() || !text.starts_with(':') || size >= text.size()) return false;
  key = text.substr(1, size);
  id = text.substr(1 + size);
  return true;
}

}  // namespace shop
