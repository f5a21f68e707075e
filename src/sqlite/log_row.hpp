// The columns of a log row that are more than a number.
#pragma once

#include <cstdint>
#include <kefu/error.hpp>
#include <kefu/model/entry.hpp>

#include "sqlite/marks.hpp"

namespace kefu::inline v0::sqlite {

/// `flags`, as schema.cpp describes them. Rows with flags below kEntryFlags are entries.
inline constexpr std::int64_t kEntryFlags = 8;

[[nodiscard]] constexpr std::int64_t make_flags(Log log, Role role, errc refusal) noexcept {
  const std::uint64_t refused = refusal == errc::ok ? 0 : refusal_number(refusal);
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(log) |
                                   static_cast<std::uint64_t>(role) << 1 | refused << 3);
}
[[nodiscard]] constexpr Log log_of(std::int64_t flags) noexcept {
  return flags & 1 ? Log::internal : Log::public_log;
}
[[nodiscard]] constexpr Role role_of(std::int64_t flags) noexcept {
  return static_cast<Role>(flags >> 1 & 3);
}
/// errc::ok for an entry.
[[nodiscard]] constexpr errc refusal_of(std::int64_t flags) noexcept {
  return flags < kEntryFlags ? errc::ok
                             : refusal_from_number(static_cast<std::uint64_t>(flags) >> 3);
}

}  // namespace kefu::inline v0::sqlite
