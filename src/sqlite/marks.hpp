// How the kept outcomes of a mark lie in the database: 24 bytes each, little-endian, oldest first:
// digest, seq, time. A refusal has seq 0, and its kind where the time would be.
#pragma once

#include <cstdint>
#include <kefu/core/dedup_mark.hpp>
#include <kefu/error.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::sqlite {

// The refusals as they are stored: enumerators of errc may move, these numbers may not.
[[nodiscard]] constexpr std::uint64_t refusal_number(errc code) noexcept {
  return code == errc::closed ? 2 : 1;
}
[[nodiscard]] constexpr errc refusal_from_number(std::uint64_t number) noexcept {
  return number == 2 ? errc::closed : errc::denied;
}

/// Puts the blob into `out`, whose memory is reused.
void encode_kept(const core::DedupMark& mark, std::string& out);

/// Throws SqlError for bytes that encode_kept() did not write.
[[nodiscard]] core::DedupMark decode_mark(std::uint64_t accepted, std::string_view kept);

}  // namespace kefu::inline v0::sqlite
