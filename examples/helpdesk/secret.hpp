// The secret that signs tokens.
#pragma once

#include <filesystem>
#include <string>

namespace helpdesk {

/// The file's content without the line end. Throws std::runtime_error when it can't be read.
[[nodiscard]] std::string read_secret(const std::filesystem::path& file);

/// The same, after writing a random one, readable by its owner only, when there is no such file:
/// tokens of a demo stay valid when it is started again.
[[nodiscard]] std::string read_or_make_secret(const std::filesystem::path& file);

}  // namespace helpdesk
