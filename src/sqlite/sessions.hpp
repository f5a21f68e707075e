// Sessions: attach, renew, expire, remove, in the open transaction. Session rows are written
// through: their commit is what fences an older connection.
#pragma once

#include <sqlite3.h>

#include <kefu/store.hpp>
#include <string>
#include <vector>

#include "sqlite/cache.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/unfolded.hpp"

namespace kefu::inline v0::sqlite {

class Sessions {
 public:
  /// `coarse`: that a session is still there is written only when it was last written longer ago.
  Sessions(sqlite3* db, Cache& cache, const Unfolded& unfolded, Nanoseconds coarse);

  AttachOutcome attach(const AttachRequest& request, Timestamp now);
  errc renew(const SessionLease& lease, Timestamp now);
  std::vector<SessionId> expire(Nanoseconds idle, std::size_t limit, Timestamp now);
  /// Removes the participant's sessions. Answers the keys of all that were ever theirs, sorted.
  std::vector<std::int64_t> remove_all(const std::string& participant);

  /// The latest time that a session row holds.
  [[nodiscard]] Timestamp latest();

 private:
  struct Key {
    std::int64_t key;
    SessionId id;
  };

  void create(const AttachRequest& request, Timestamp now);
  void touch(Session& session, Timestamp now);
  std::vector<Mark> marks(const Session& session);
  void remove(const Key& session);

  sqlite3* db_;
  Cache& cache_;
  const Unfolded& unfolded_;
  Nanoseconds coarse_;
  Statement insert_, take_over_, touch_, find_, idle_, of_participant_, marks_, remove_marks_,
      retire_, remove_, latest_;
};

}  // namespace kefu::inline v0::sqlite
