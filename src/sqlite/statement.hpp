// A thin skin over sqlite3: errors as one exception that never leaves src/sqlite, statements that
// free themselves, and runs that reset them.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <kefu/error.hpp>
#include <kefu/model/id.hpp>
#include <new>
#include <string>
#include <string_view>
#include <utility>

namespace kefu::inline v0::sqlite {

/// What sqlite3 answered, with the extended result code.
struct SqlError {
  int code = SQLITE_ERROR;
  std::string text;

  [[nodiscard]] int primary() const { return code & 0xff; }
};

[[noreturn]] inline void throw_error(sqlite3* db, int code) {
  SqlError error{sqlite3_extended_errcode(db) == SQLITE_OK ? code : sqlite3_extended_errcode(db),
                 {}};
  try {
    error.text = sqlite3_errmsg(db);
  } catch (const std::bad_alloc&) {  // it is the code that must not get lost
  }
  throw std::move(error);
}

/// Stored bytes that are not what this store wrote.
[[noreturn]] inline void throw_corrupt(std::string text) {
  throw SqlError{SQLITE_CORRUPT, std::move(text)};
}

/// A prepared statement. Threading: as its connection.
class Statement {
 public:
  Statement(sqlite3* db, std::string_view sql) : db_(db) {
    const int code = sqlite3_prepare_v3(db, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
    if (code != SQLITE_OK) throw_error(db, code);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

 private:
  friend class Run;
  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
};

/// One run of a statement, which is reset when the Run goes. Texts that are bound must stay until
/// then. Parameters that a run does not bind keep the value of the run before.
class Run {
 public:
  explicit Run(Statement& statement) : db_(statement.db_), statement_(statement.statement_) {}
  ~Run() { sqlite3_reset(statement_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Run& bind(int at, std::int64_t value) { return check(sqlite3_bind_int64(statement_, at, value)); }
  Run& bind(int at, std::uint64_t value) { return bind(at, static_cast<std::int64_t>(value)); }
  Run& bind(int at, std::string_view text) {
    // A null pointer would be bound as NULL, and an empty view may hold one.
    return check(sqlite3_bind_text64(statement_, at, text.empty() ? "" : text.data(), text.size(),
                                     SQLITE_STATIC, SQLITE_UTF8));
  }
  Run& bind_blob(int at, std::string_view bytes) {
    return check(sqlite3_bind_blob64(statement_, at, bytes.empty() ? "" : bytes.data(),
                                     bytes.size(), SQLITE_STATIC));
  }
  Run& bind_null(int at) { return check(sqlite3_bind_null(statement_, at)); }
  template <class Tag>
  Run& bind(int at, const Id<Tag>& id) {
    const auto bytes = id.bytes();
    return check(sqlite3_bind_blob(statement_, at, bytes.data(), static_cast<int>(bytes.size()),
                                   SQLITE_TRANSIENT));
  }

  /// True while there is a row.
  bool step() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) throw_error(db_, code);
    return false;
  }

  [[nodiscard]] bool is_null(int at) { return sqlite3_column_type(statement_, at) == SQLITE_NULL; }
  [[nodiscard]] std::int64_t integer(int at) { return sqlite3_column_int64(statement_, at); }
  [[nodiscard]] std::uint64_t number(int at) { return static_cast<std::uint64_t>(integer(at)); }
  /// Text or blob; valid until the next step.
  [[nodiscard]] std::string_view bytes(int at) {
    const void* const data = sqlite3_column_blob(statement_, at);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, at));
    // A large one is put together from several pages, for which memory may lack.
    if (!data && size == 0 && sqlite3_errcode(db_) == SQLITE_NOMEM) throw std::bad_alloc{};
    return {static_cast<const char*>(data), size};
  }
  template <class AnyId>
  [[nodiscard]] AnyId id(int at) {
    const std::string_view stored = bytes(at);
    if (stored.empty()) return {};
    if (stored.size() != 16) throw_corrupt("an id is not 16 bytes long");
    return AnyId::from_bytes(reinterpret_cast<const std::uint8_t*>(stored.data()));
  }

 private:
  Run& check(int code) {
    if (code != SQLITE_OK) throw_error(db_, code);
    return *this;
  }

  sqlite3* db_;
  sqlite3_stmt* statement_;
};

/// The number that a statement answers with; 0 when it has no answer.
[[nodiscard]] inline std::int64_t ask(sqlite3* db, const char* sql) {
  Statement statement(db, sql);
  Run run(statement);
  return run.step() ? run.integer(0) : 0;
}

}  // namespace kefu::inline v0::sqlite
