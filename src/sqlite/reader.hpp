// Reader: pages of a log, and the outbox. Between transactions only: it shows what is committed.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <kefu/store.hpp>
#include <vector>

#include "sqlite/cache.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/unfolded.hpp"

namespace kefu::sqlite {

class Reader {
 public:
  Reader(sqlite3* db, Cache& cache, const Unfolded& unfolded);

  Page read(const ReadRequest& request);
  std::vector<Event> events(std::uint64_t after, std::size_t limit);

 private:
  /// Collects, into `unfolded_places_`, where the unfolded entries with seq > after are, in order
  /// of seq. Answers the seq of the first unfolded entry of the log, or tail + 1; only those above
  /// `after` matter to a page.
  std::uint64_t find_unfolded(const Conversation& conversation, const ReadRequest& request);

  Cache& cache_;
  const Unfolded& unfolded_;
  Statement folded_, row_, events_;
  std::vector<std::uint64_t> unfolded_places_;
};

}  // namespace kefu::sqlite
