// The secret that signs tokens.
#pragma once

#include <filesystem>
#include <string>

#include "options.hpp"

namespace helpdesk {

/// The file's content without the line end. Throws std::runtime_error when it can't be read.
[[nodiscard]] std::string read_secret(const std::filesystem::path& file);

/// The same, after writing a random one, readable by its owner only, when there is no such file:
/// tokens of a demo stay valid when it is started again.
[[nodiscard]] std::string read_or_make_secret(const std::filesystem::path& file);

/// What signs the tokens: of the file that the options name, or the demo's own in the data folder.
[[nodiscard]] std::string secret_of(const Options& options);

}  // namespace helpdesk
