// LogWriter: appends rows to the log: drafts, refusals, and the entries of commits.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <kefu/append_batch.hpp>
#include <kefu/model/entry.hpp>

#include "sqlite/cache.hpp"
#include "sqlite/new_rows.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/unfolded.hpp"

namespace kefu::inline v0::sqlite {

class LogWriter {
 public:
  LogWriter(sqlite3* db, Cache& cache, Unfolded& unfolded, std::uint32_t window);

  /// Judges and stores the drafts, in the open transaction, and fills the outcomes.
  void append(AppendBatch& batch, Timestamp now);
  /// Gives the entry its place and time and stores it, in the open transaction.
  void append(Entry& entry, Timestamp now);

 private:
  void add(const Draft& draft, Sender& sender, Conversation& conversation, const Outcome& outcome,
           Timestamp now);
  /// What was added, as rows of the log.
  void insert();
  /// The conversation's key; makes its row when this is the first of the log.
  std::int64_t key_of(Conversation& conversation);
  /// A key for the origin of a commit's entry, which need not be a session of this store.
  std::int64_t key_of_origin(SessionId session);

  sqlite3* db_;
  Cache& cache_;
  Unfolded& unfolded_;
  std::uint32_t window_;
  NewRows rows_;
  Statement insert_, add_conversation_, find_origin_, add_origin_;
};

}  // namespace kefu::inline v0::sqlite
