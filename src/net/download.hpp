// What a download's head says, without I/O: ranges (RFC 9110, §14), names (RFC 6266, RFC 8187) and
// signed addresses.
#pragma once

#include <cstdint>
#include <kefu/jwt_keys.hpp>
#include <kefu/model/id.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::net {

/// Bytes `from` up to, not including, `to`.
struct ByteRange {
  std::uint64_t from = 0;
  std::uint64_t to = 0;

  [[nodiscard]] std::uint64_t size() const noexcept { return to - from; }
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

struct WantedRanges {
  bool satisfiable = true;        ///< false: answer 416
  std::vector<ByteRange> ranges;  ///< none: answer with everything
};

/// Judges a Range field for something of `size` bytes. What is malformed, of another unit, or asks
/// for more ranges than a reader would, is as if it weren't there.
[[nodiscard]] WantedRanges parse_ranges(std::string_view field, std::uint64_t size);

/// "bytes 0-4/10"
[[nodiscard]] std::string content_range(ByteRange range, std::uint64_t size);

/// Content-Disposition for a name in UTF-8 that may hold anything.
[[nodiscard]] std::string content_disposition(bool shown, std::string_view name);

/// The query of a file's address that is good until then (Unix seconds), or until its key goes.
/// Both throw std::bad_alloc.
[[nodiscard]] std::string sign_download(const JwtKeys& keys, FileId id, std::int64_t until);

enum class Signature : std::uint8_t { good, bad, expired };
[[nodiscard]] Signature check_download(const JwtKeys& keys, FileId id, std::string_view query,
                                       std::int64_t now);

}  // namespace kefu::inline v0::net
