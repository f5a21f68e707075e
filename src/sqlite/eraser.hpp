// Eraser: all that ever rewrites a row of the log. It empties what a participant wrote, a slice of
// the log at a time, so that nobody waits for all of it; and single entries.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <kefu/error.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "sqlite/search.hpp"
#include "sqlite/sessions.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/unfolded.hpp"

namespace kefu::inline v0::sqlite {

/// An erasure under way.
struct Erasure {
  std::string participant;
  std::vector<std::int64_t> sessions;  ///< all that were ever theirs, sorted by key
  std::uint64_t next = 1;              ///< the first row of the log that it has not seen
  std::uint64_t end = 0;               ///< the last that it will see
  std::uint64_t emptied = 0;           ///< bodies

  [[nodiscard]] bool finished() const noexcept { return next > end; }
};

class Eraser {
 public:
  Eraser(sqlite3* db, Sessions& sessions, const Unfolded& unfolded, Search& search);

  /// Removes the sessions, in the open transaction; the log as it is now is what is left to do.
  Erasure start(std::string participant);
  /// Goes on, in the open transaction, which must be its own: when it fails, so has the erasure.
  void step(Erasure& erasure);

  /// errc::ok when the row at this position may be redacted so, errc::conflict when it was.
  errc may_redact(std::uint64_t position, std::string_view tags);
  /// Does so, in the open transaction.
  void redact(std::uint64_t position, std::string_view tags);

 private:
  Sessions& sessions_;
  const Unfolded& unfolded_;
  Search& search_;
  Statement rows_, empty_, tags_, redact_;
};

}  // namespace kefu::inline v0::sqlite
