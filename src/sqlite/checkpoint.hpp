// Checkpoint: writes the folds of the log (tails, marks, places) behind its end, in sorted order, a
// slice with each commit: so no commit waits for all of them.
//
// A round freezes the rows that are unfolded now and writes what follows from them. Marks and tails
// are written as they are when their turn comes, which may be later than the frozen rows: folding
// those rows again must skip what a mark or tail already holds. The stored checkpoint moves with
// the last slice.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <string>
#include <vector>

#include "sqlite/cache.hpp"
#include "sqlite/places.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/unfolded.hpp"

namespace kefu::inline v0::sqlite {

class Checkpoint {
 public:
  /// `entries`: Options::checkpoint_entries, above which rows must not stay unfolded.
  Checkpoint(sqlite3* db, Unfolded& unfolded, std::size_t entries);

  /// Writes a slice, in the open transaction, if there is reason to; `new_rows` were appended in
  /// it.
  void step(std::size_t new_rows);
  /// There is something to write although nobody asks for anything; writes a slice of it, in the
  /// open transaction.
  [[nodiscard]] bool may_rest() const noexcept;
  void rest();
  /// Writes everything, in the open transaction.
  void finish();
  /// The transaction is committed: what its slices finished is folded.
  void committed();
  /// The transaction failed: everything is read anew from the database.
  void reset();

  [[nodiscard]] bool in_round() const noexcept { return round_end_ != 0; }
  /// The position up to which the database holds the folds.
  [[nodiscard]] std::uint64_t stored_position();

 private:
  struct PlacedEntry {
    std::int64_t log;
    std::uint64_t seq;
    std::uint64_t position;
  };
  struct DirtyMark {
    std::int64_t session_key;
    std::int64_t conversation_key;
    Sender* sender;
    Conversation* conversation;
    friend auto operator<=>(const DirtyMark&, const DirtyMark&) = default;
  };

  void freeze();
  void add_entries(Conversation& conversation, Log log);
  void add_mark(const Unfolded::Row& row, std::size_t first);
  void write(std::size_t items);
  /// Writes the row that starts with entries_[first]; answers how many entries it holds.
  std::size_t write_place(std::size_t first);
  void write(const DirtyMark& mark);
  void write(const Conversation& conversation);

  Unfolded& unfolded_;
  std::size_t start_;  ///< unfolded rows at which a round starts
  Statement place_, mark_, tails_, move_, position_;

  std::uint64_t round_end_ = 0;       ///< the last frozen row; 0 between rounds
  std::size_t next_ = 0;              ///< the next item: entries, then marks, then tails
  bool finished_ = false;             ///< all of the round is in the open transaction
  std::vector<PlacedEntry> entries_;  ///< by log and seq
  std::vector<DirtyMark> marks_;
  std::vector<Conversation*> tails_of_;
  std::string kept_;
  PlaceWriter writer_;
};

/// Reads the rows behind the checkpoint, and brings cache and `unfolded` up to the end of the log.
/// Throws SqlError (SQLITE_CORRUPT) when the log contradicts itself.
void fold(sqlite3* db, std::uint64_t checkpoint, std::uint32_t window, Cache& cache,
          Unfolded& unfolded);

}  // namespace kefu::inline v0::sqlite
