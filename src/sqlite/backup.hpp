// Backup: a copy of the database, made a slice at a time beside everything else.
#pragma once

#include <sqlite3.h>

#include <kefu/error.hpp>
#include <string>

namespace kefu::inline v0::sqlite {

/// What is written meanwhile, through the same connection, goes to the copy as well, so that it is
/// the database as it is at the end. Until then the copy has another name.
///
/// Threading: as the connection's. Lifetime: it goes before the connection does.
class Backup {
 public:
  Backup(sqlite3* from, std::string path);
  ~Backup();
  Backup(const Backup&) = delete;
  Backup& operator=(const Backup&) = delete;

  /// A slice, outside of any transaction. True when it is over, well or, as `code` says, not.
  bool step(errc& code);

 private:
  [[nodiscard]] errc open();
  [[nodiscard]] errc publish();
  void close() noexcept;

  sqlite3* const from_;
  const std::string path_;
  const std::string partial_;
  sqlite3* copy_ = nullptr;
  sqlite3_backup* backup_ = nullptr;
  bool mine_ = false;  // partial_ is this one's, to be removed
};

}  // namespace kefu::inline v0::sqlite
