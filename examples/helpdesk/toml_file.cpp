#include "toml_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace helpdesk {

toml::table read_toml(const std::string& path) try {
  return toml::parse_file(path);
} catch (const toml::parse_error& error) {
  // Line 0 is that of a file which can't be opened.
  if (error.source().begin.line == 0)
    throw std::runtime_error(fmt::format("{}: {}", path, error.description()));
  refuse(error.source(), std::string(error.description()));
}

void refuse(const toml::source_region& where, const std::string& what) {
  throw std::runtime_error(
      fmt::format("{}:{}: {}", where.path ? *where.path : "", where.begin.line, what));
}

void refuse_unknown(const toml::table& table, std::span<const std::string_view> known) {
  for (const auto& [key, value] : table) {
    if (std::ranges::find(known, key.str()) == known.end())
      refuse(key.source(), fmt::format("unknown key {}", key.str()));
  }
}

}  // namespace helpdesk
