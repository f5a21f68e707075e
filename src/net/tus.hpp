// The header fields of tus 1.0, without I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kefu::inline v0::net::tus {

inline constexpr std::string_view kVersion = "1.0.0";
inline constexpr std::string_view kExtensions =
    "creation,creation-with-upload,termination,expiration,checksum";
inline constexpr std::string_view kAlgorithms = "sha1,sha256";
inline constexpr std::string_view kBodyType = "application/offset+octet-stream";

using Metadata = std::vector<std::pair<std::string, std::string>>;

/// Upload-Metadata: pairs of a key and a value in base64, which may be left out. nullopt when it is
/// malformed, or has a key twice.
[[nodiscard]] std::optional<Metadata> parse_metadata(std::string_view field);

/// The value of a key, or "".
[[nodiscard]] std::string_view find(const Metadata& metadata, std::string_view key) noexcept;

/// Upload-Length and Upload-Offset: digits and nothing else, and what files can have.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view field) noexcept;

/// Upload-Checksum.
struct Checksum {
  std::string algorithm;
  std::string digest;  ///< raw bytes
};
[[nodiscard]] std::optional<Checksum> parse_checksum(std::string_view field);

}  // namespace kefu::inline v0::net::tus
