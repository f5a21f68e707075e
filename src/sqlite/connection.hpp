// Connection: the database file, opened for this process alone, in WAL mode, with a schema of this
// version.
#pragma once

#include <sqlite3.h>

#include <kefu/sqlite/store.hpp>
#include <string>

#include "sqlite/statement.hpp"

namespace kefu::inline v0::sqlite {

/// Threading: one thread at a time.
class Connection {
 public:
  /// Throws std::system_error, as Store's constructor says.
  Connection(const std::string& path, const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] sqlite3* get() const noexcept { return db_; }

  void begin() { run(begin_); }
  void commit() { run(commit_); }
  /// Does nothing when sqlite3 has rolled back by itself, as it does after some errors.
  [[nodiscard]] bool rollback() noexcept;

  /// Copies the WAL into the database file when it is larger than Options::wal_bytes. Answers
  /// SQLITE_OK or the error.
  int bound_wal();
  /// Copies the whole WAL and empties it. Answers SQLITE_OK or the error.
  int empty_wal();

 private:
  static void run(Statement& statement);
  void open(const std::string& path, const Options& options);

  struct Handle {
    sqlite3* db = nullptr;
    ~Handle() { sqlite3_close_v2(db); }
  };

  Handle handle_;
  sqlite3* db_;
  int wal_pages_ = 0;
  int wal_bound_;             ///< in pages
  int next_wal_attempt_ = 0;  ///< in pages; above the bound after an attempt that found no space
  Statement begin_, commit_, rollback_;
};

/// Runs SQL without parameters or results of interest. Throws SqlError.
void execute(sqlite3* db, const std::string& sql);

}  // namespace kefu::inline v0::sqlite
