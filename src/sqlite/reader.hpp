// Reader: pages of a log, and the outbox. Between transactions only: it shows what is committed.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <kefu/store.hpp>
#include <vector>

#include "sqlite/cache.hpp"
#include "sqlite/log_row.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/unfolded.hpp"

namespace kefu::inline v0::sqlite {

class Reader {
 public:
  Reader(sqlite3* db, Cache& cache, const Unfolded& unfolded);

  Page read(const ReadRequest& request);
  std::uint64_t tail(ConversationId conversation, Log log);
  /// The position of an entry; 0 when there is none.
  std::uint64_t position_of(ConversationId conversation, Log log, std::uint64_t seq);
  std::vector<Event> events(std::uint64_t after, std::size_t limit);
  /// Rows at `first` … `last`, from the last on, that are entries, until `take` answers false.
  template <class Take>
  void backwards(std::uint64_t first, std::uint64_t last, Take take) {
    Run row(backwards_);
    row.bind(1, first).bind(2, last).bind(3, kEntryFlags);
    while (row.step()) {
      if (!take(event_of(row))) return;
    }
  }

 private:
  /// Collects, into positions_, where the entries with seq > after are, in order of seq: as many as
  /// the page can need, or more.
  void find(const Conversation& conversation, const ReadRequest& request);
  /// The part with seq < end, whose places are in the database.
  void find_folded(std::int64_t log, const ReadRequest& request, std::uint64_t end);

  Cache& cache_;
  const Unfolded& unfolded_;
  static Event event_of(Run& row);

  Statement places_, row_, events_, backwards_;
  std::vector<std::uint64_t> positions_, unfolded_positions_;  // their memory is reused
};

}  // namespace kefu::inline v0::sqlite
