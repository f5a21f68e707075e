// The secrets that sign tokens.
#pragma once

#include <kefu/jwt_keys.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include "options.hpp"

namespace helpdesk {

/// The file's content without the line end. Throws std::runtime_error when it can't be read.
[[nodiscard]] std::string read_secret(const std::filesystem::path& file);

/// The same, after writing a random one, readable by its owner only, when there is no such file:
/// tokens of a demo stay valid when it is started again.
[[nodiscard]] std::string read_or_make_secret(const std::filesystem::path& file);

/// What signs the tokens, and what they are known by: of the file that the options name, or the
/// demo's own in the data folder. One a line, "kid=NAME secret" or the secret alone.
[[nodiscard]] std::vector<kefu::JwtKey> keys_of(const Options& options);

}  // namespace helpdesk
