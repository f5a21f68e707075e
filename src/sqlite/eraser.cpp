#include "sqlite/eraser.hpp"

#include <algorithm>
#include <utility>

namespace kefu::inline v0::sqlite {
namespace {

// Rows in a slice: some milliseconds when all of them are rewritten.
constexpr std::uint64_t kSlice = 2'000;

}  // namespace

Eraser::Eraser(sqlite3* db, Sessions& sessions, const Unfolded& unfolded, Search& search)
    : sessions_(sessions),
      unfolded_(unfolded),
      search_(search),
      rows_(db,
            "SELECT position, session, sender FROM log WHERE position BETWEEN ? AND ? AND body <> "
            "''"),
      empty_(db, "UPDATE log SET body = '' WHERE position = ?"),
      tags_(db, "SELECT tags FROM log WHERE position = ?"),
      redact_(db, "UPDATE log SET body = '', tags = ? WHERE position = ?") {}

Erasure Eraser::start(std::string participant) {
  Erasure erasure;
  erasure.sessions = sessions_.remove_all(participant);
  erasure.participant = std::move(participant);
  erasure.end = unfolded_.end();
  return erasure;
}

void Eraser::step(Erasure& erasure) {
  const std::uint64_t last = std::min(erasure.end, erasure.next + kSlice - 1);
  const auto is_theirs = [&](Run& row) {
    if (!row.is_null(2)) return row.bytes(2) == erasure.participant;
    return std::binary_search(erasure.sessions.begin(), erasure.sessions.end(), row.integer(1));
  };
  std::vector<std::uint64_t> found;
  {
    Run row(rows_);
    row.bind(1, erasure.next).bind(2, last);
    while (row.step()) {
      if (is_theirs(row)) found.push_back(row.number(0));
    }
  }
  for (const std::uint64_t position : found) {
    search_.forget(position);
    Run(empty_).bind(1, position).step();
  }
  erasure.emptied += found.size();
  erasure.next = last + 1;
}

errc Eraser::may_redact(std::uint64_t position, std::string_view tags) {
  Run row(tags_);
  if (!row.bind(1, position).step()) throw_corrupt("an entry is missing");
  return row.bytes(0) == tags ? errc::conflict : errc::ok;
}

void Eraser::redact(std::uint64_t position, std::string_view tags) {
  search_.forget(position);
  Run(redact_).bind(1, tags).bind(2, position).step();
}

}  // namespace kefu::inline v0::sqlite
