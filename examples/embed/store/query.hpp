// Query: the little of SQLite's interface that the store needs.
#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <cstdint>
#include <kefu/record.hpp>
#include <string>
#include <string_view>

namespace shop {

/// What SQLite answered.
struct SqlError {
  int code;
};

/// One run of a statement.
class Query {
 public:
  template <class... Values>
  Query(sqlite3* db, std::string_view sql, const Values&... values) {
    const int code =
        sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr);
    if (code != SQLITE_OK) throw SqlError{code};
    (bind(values), ...);
  }
  ~Query() { sqlite3_finalize(statement_); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  bool step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW || code == SQLITE_DONE) return code == SQLITE_ROW;
    throw SqlError{code};
  }
  [[nodiscard]] std::uint64_t number(int column) const {
    return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
  }
  [[nodiscard]] std::string text(int column) const {
    const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    return bytes ? std::string(bytes,
                               static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)))
                 : std::string();
  }

 private:
  void bind(std::string_view text) {
    sqlite3_bind_text(statement_, ++bound_, text.data() ? text.data() : "",
                      static_cast<int>(text.size()), SQLITE_TRANSIENT);
  }
  void bind(std::uint64_t number) {
    sqlite3_bind_int64(statement_, ++bound_, static_cast<std::int64_t>(number));
  }
  void bind(std::int64_t number) { sqlite3_bind_int64(statement_, ++bound_, number); }
  void bind(kefu::RecordKind kind) { bind(static_cast<std::int64_t>(kind)); }

  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

}  // namespace shop
