// The tables, and how a file of an older version gets to them.
#pragma once

#include <sqlite3.h>

namespace kefu::inline v0::sqlite {

/// PRAGMA application_id of a kefu database: "kefu".
inline constexpr int kApplicationId = 0x6b656675;

enum class FileState { empty, current, older, newer, foreign };

/// What the file is. Reads only.
[[nodiscard]] FileState inspect_file(sqlite3* db);

/// Creates the tables or brings them up to this version, in one transaction.
void migrate(sqlite3* db);

}  // namespace kefu::inline v0::sqlite
