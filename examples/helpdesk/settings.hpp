// Settings: one table of all that helpdesk can be told, for the command line, the environment and
// the TOML file alike. Whoever adds one adds a row to it, and a line to helpdesk.toml.
#pragma once

#include <limits>
#include <string>
#include <variant>
#include <vector>

#include "options.hpp"

namespace helpdesk {

/// `wal_mb` in TOML, `--wal-mb` on the command line, `KEFU_WAL_MB` in the environment.
struct Setting {
  using Target =
      std::variant<std::string*, std::filesystem::path*, std::vector<std::string>*, bool*,
                   std::uint16_t*, std::uint32_t*, std::size_t*, double*, kefu::Nanoseconds*>;

  const char* key;
  Target target;  ///< Nanoseconds are given as whole seconds
  const char* help;
  double least = 0;  ///< of a number, as is `most`
  double most = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::string> choices = {};  ///< of a text; empty: any

  [[nodiscard]] std::string flag() const;      ///< "--wal-mb"
  [[nodiscard]] std::string variable() const;  ///< "KEFU_WAL_MB"
  [[nodiscard]] bool is_switch() const { return std::holds_alternative<bool*>(target); }
};

/// A row for each, in the order of --help. They point into `options`.
[[nodiscard]] std::vector<Setting> settings(Options& options);

/// What a setting is told, before it is known whether that suits it.
using Value = std::variant<std::string, double, bool, std::vector<std::string>>;

/// Throws std::runtime_error with what it must be ("must be a whole number from 1 to 64").
void set(const Setting& setting, const Value& value);
/// The same from a text, as all is on the command line and in the environment: "true" and "false",
/// and lists with commas between.
void set_from_text(const Setting& setting, const std::string& text);

/// Its present value, likewise.
[[nodiscard]] std::string to_text(const Setting& setting);

}  // namespace helpdesk
