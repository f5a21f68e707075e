// A TOML file, and what is wrong with it: every complaint begins "file:line: ".
#pragma once

#include <toml++/toml.h>

#include <span>
#include <string>

namespace helpdesk {

/// Throws std::runtime_error, also when it can't be read.
[[nodiscard]] toml::table read_toml(const std::string& path);

[[noreturn]] void refuse(const toml::source_region& where, const std::string& what);

/// Refuses the first key that is none of these.
void refuse_unknown(const toml::table& table, std::span<const std::string_view> known);

}  // namespace helpdesk
