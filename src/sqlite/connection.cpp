#include "sqlite/connection.hpp"

#include <algorithm>
#include <limits>
#include <system_error>

#include "sqlite/schema.hpp"

namespace kefu::inline v0::sqlite {
namespace {

// Of a new file. Half of the system calls of 4 KiB for the same bytes of the log; with larger pages
// a commit of few rows takes longer.
constexpr std::size_t kPageSize = 8 * 1024;

/// In pages of the file, which keeps the size with which it was made.
int pages_in(std::size_t bytes, sqlite3* db) {
  const auto page = static_cast<std::size_t>(ask(db, "PRAGMA page_size"));
  return static_cast<int>(std::min<std::size_t>(bytes / page, std::numeric_limits<int>::max() / 2));
}

[[noreturn]] void fail(errc code, const std::string& path, const std::string& why) {
  throw std::system_error(make_error_code(code), path + ": " + why);
}

errc open_error(const SqlError& error) {
  switch (error.primary()) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return errc::store_locked;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return errc::corrupt;
    case SQLITE_FULL:
      return errc::store_full;
    default:
      return errc::store_failed;
  }
}

sqlite3* open_handle(const std::string& path) {
  sqlite3* db = nullptr;
  // Only one thread at a time uses the connection, so sqlite3 need not lock it.
  const int code = sqlite3_open_v2(
      path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code == SQLITE_OK) return db;
  const std::string why = db ? sqlite3_errmsg(db) : "out of memory";
  sqlite3_close_v2(db);
  fail(errc::store_failed, path, why);
}

void set_up(sqlite3* db, const std::string& path, const Options& options) {
  sqlite3_extended_result_codes(db, 1);
  sqlite3_busy_timeout(db, 0);
  // The lock is the kernel's, on the file itself: kill -9 releases it and no other name of the file
  // gets around it. Without other processes the WAL's index lives in our own memory, too.
  execute(db, "PRAGMA locking_mode = EXCLUSIVE");
  const FileState state = inspect_file(db);
  if (state == FileState::foreign) fail(errc::corrupt, path, "not a kefu database");
  if (state == FileState::newer)
    fail(errc::store_version, path, "written by a newer version of kefu");
  execute(db, "PRAGMA page_size = " + std::to_string(kPageSize));
  execute(db, "PRAGMA journal_mode = WAL");
  execute(db, options.synchronous == Synchronous::full ? "PRAGMA synchronous = FULL"
                                                       : "PRAGMA synchronous = NORMAL");
  execute(db, "PRAGMA cache_size = -" +
                  std::to_string(std::max<std::size_t>(options.cache_bytes / 1024, 256)));
  execute(db, "PRAGMA wal_autocheckpoint = 0");
  execute(db,
          "PRAGMA cache_spill = " + std::to_string(std::max(pages_in(options.spill_bytes, db), 1)));
  execute(db, "PRAGMA temp_store = MEMORY");
  execute(db, "PRAGMA secure_delete = ON");  // what is erased is overwritten
  if (state != FileState::current) migrate(db);
}

}  // namespace

void execute(sqlite3* db, const std::string& sql) {
  const int code = sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) throw_error(db, code);
}

Connection::Connection(const std::string& path, const Options& options) try
    : handle_{open_handle(path)},
      db_((set_up(handle_.db, path, options), handle_.db)),
      wal_bound_(pages_in(options.wal_bytes, db_)),
      next_wal_attempt_(wal_bound_),
      begin_(db_, "BEGIN IMMEDIATE"),
      commit_(db_, "COMMIT"),
      rollback_(db_, "ROLLBACK") {
  sqlite3_wal_hook(
      db_,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Connection*>(self)->wal_pages_ = pages;
        return SQLITE_OK;
      },
      this);
  // What a killed process left in the WAL counts as committed from here on, and a retry of it gets
  // its outcome; but it may never have been synced. Copying it into the file makes it durable
  // before anybody hears of it.
  if (const int code = empty_wal(); code != SQLITE_OK) throw_error(db_, code);
} catch (const SqlError& error) {
  fail(open_error(error), path, error.text);
}

Connection::~Connection() = default;

void Connection::run(Statement& statement) { Run(statement).step(); }

bool Connection::rollback() noexcept {
  if (sqlite3_get_autocommit(db_)) return true;
  try {
    run(rollback_);
  } catch (const SqlError&) {
    // The transaction is ended by another attempt, or the next opening; nothing was acknowledged.
  } catch (const std::bad_alloc&) {
  }
  return sqlite3_get_autocommit(db_) != 0;
}

int Connection::bound_wal() {
  if (wal_pages_ <= next_wal_attempt_) return SQLITE_OK;
  const int code =
      sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  // Copying costs time in vain while there is no space: the next attempt waits for some more pages.
  next_wal_attempt_ = code == SQLITE_OK ? wal_bound_ : wal_pages_ + wal_bound_ / 4 + 1;
  return code;
}

int Connection::empty_wal() {
  return sqlite3_wal_checkpoint_v2(db_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
}

}  // namespace kefu::inline v0::sqlite
