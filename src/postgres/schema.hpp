// The tables, and their versions.
#pragma once

#include <kefu/postgres/store.hpp>
#include <string>

#include "postgres/address.hpp"

namespace kefu::inline v0::postgres {

/// What the schema of this kefu is. Nodes of one version run on this schema and on the next, which
/// therefore may only add to it.
inline constexpr int kSchemaVersion = 1;

/// An entry's position is its transaction's id, shifted by this, and its place in the transaction.
inline constexpr int kPositionBits = 20;
inline constexpr std::size_t kMostEntries = std::size_t{1} << kPositionBits;

/// Connects, waits for it, and sees to it that the tables are there. Throws std::system_error and
/// std::invalid_argument as Store says.
[[nodiscard]] Link prepare_schema(Address& address, const Options& options);

/// What each connection sets before anything else.
[[nodiscard]] std::string settings_of(const Options& options);

}  // namespace kefu::inline v0::postgres
