// The files of an audit log: each is named by the `n` of its first line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::audit {

/// "audit-000000000001.jsonl".
[[nodiscard]] std::string file_name(std::uint64_t first_line);

/// Of all that are in the folder, oldest first. Throws std::filesystem::filesystem_error.
[[nodiscard]] std::vector<std::filesystem::path> find_files(const std::filesystem::path& folder);

/// Calls `line` with each line of a file, without its '\n'; of one longer than any that was ever
/// written only with its beginning. True: the file ends with a '\n', or is empty. Throws
/// std::system_error.
bool read_lines(const std::filesystem::path& file,
                const std::function<void(std::string_view)>& line);

}  // namespace kefu::inline v0::audit
