#include "sqlite/reader.hpp"

#include <algorithm>

#include "sqlite/log_row.hpp"
#include "sqlite/places.hpp"

namespace kefu::inline v0::sqlite {
namespace {

// Columns 0 … 9; what comes behind them is the statement's own.
constexpr char kEntryColumns[] =
    "SELECT l.flags, l.seq, l.after, s.id, l.cseq, l.at, coalesce(l.sender, s.participant), "
    "l.kind, l.body, l.tags";
constexpr int kOwnColumn = 10;

Entry entry_of(Run& row, ConversationId conversation) {
  Entry entry;
  entry.conversation = conversation;
  entry.log = log_of(row.integer(0));
  entry.role = role_of(row.integer(0));
  entry.seq = row.number(1);
  entry.after = row.number(2);
  entry.origin = {row.id<SessionId>(3), row.number(4)};
  entry.at = Timestamp{row.integer(5)};
  entry.from = row.bytes(6);
  entry.kind = row.bytes(7);
  entry.body = row.bytes(8);
  entry.tags = row.bytes(9);
  return entry;
}

/// Adds entries to a page for as long as its bounds allow.
class PageFiller {
 public:
  PageFiller(const ReadRequest& request, Page& page) : request_(request), page_(page) {}

  /// False when the page is full; the row's entry is not in it then.
  bool add(Run& row) {
    if (page_.entries.size() == request_.max_entries) return false;
    bytes_ += row.bytes(8).size();
    if (!page_.entries.empty() && bytes_ > request_.max_bytes) return false;
    Entry entry = entry_of(row, request_.conversation);
    if (entry.seq != request_.after + page_.entries.size() + 1) throw_corrupt("a log has a hole");
    page_.entries.push_back(std::move(entry));
    return true;
  }

 private:
  const ReadRequest& request_;
  Page& page_;
  std::size_t bytes_ = 0;
};

}  // namespace

Reader::Reader(sqlite3* db, Cache& cache, const Unfolded& unfolded)
    : cache_(cache),
      unfolded_(unfolded),
      places_(
          db,
          "SELECT first, positions FROM place WHERE log = ?1 AND first >= (SELECT max(first) FROM "
          "place WHERE log = ?1 AND first <= ?2) ORDER BY first"),
      row_(db, std::string(kEntryColumns) +
                   " FROM log l LEFT JOIN session s ON s.key = l.session WHERE l.position = ?"),
      events_(
          db,
          std::string(kEntryColumns) +
              ", l.position, c.id FROM log l CROSS JOIN conversation c ON c.key = l.conversation "
              "LEFT JOIN session s ON s.key = l.session WHERE l.position > ? AND l.flags < ? "
              "ORDER BY l.position LIMIT ?"),
      backwards_(
          db,
          std::string(kEntryColumns) +
              ", l.position, c.id FROM log l CROSS JOIN conversation c ON c.key = l.conversation "
              "LEFT JOIN session s ON s.key = l.session WHERE l.position BETWEEN ? AND ? AND "
              "l.flags < ? ORDER BY l.position DESC") {}

Event Reader::event_of(Run& row) {
  return {row.number(kOwnColumn), entry_of(row, row.id<ConversationId>(kOwnColumn + 1))};
}

void Reader::find(const Conversation& conversation, const ReadRequest& request) {
  unfolded_positions_.clear();
  std::uint64_t first = conversation.head.log.tail(request.log) + 1;
  std::uint64_t position = conversation.last_entry[static_cast<std::size_t>(request.log)];
  while (position > unfolded_.base() && first > request.after + 1) {
    const Unfolded::Row& row = unfolded_.at(position);
    first = row.seq;
    unfolded_positions_.push_back(position);
    position = row.previous;
  }
  positions_.clear();
  if (first > request.after + 1)
    find_folded(2 * conversation.key + static_cast<std::int64_t>(request.log), request, first);
  positions_.insert(positions_.end(), unfolded_positions_.rbegin(), unfolded_positions_.rend());
}

void Reader::find_folded(std::int64_t log, const ReadRequest& request, std::uint64_t end) {
  Run row(places_);
  row.bind(1, log).bind(2, request.after + 1);
  while (row.step()) {
    PlaceReader place(row.bytes(1));
    for (std::uint64_t seq = row.number(0);; ++seq) {
      const std::uint64_t position = place.next();
      if (position == 0) break;
      if (seq <= request.after) continue;
      if (seq >= end || positions_.size() == request.max_entries) return;
      positions_.push_back(position);
    }
  }
}

Page Reader::read(const ReadRequest& request) {
  Page page;
  const Conversation& conversation = cache_.conversation(request.conversation);
  page.tail = conversation.head.log.tail(request.log);
  if (request.max_entries == 0 || request.after >= page.tail) return page;
  find(conversation, request);
  PageFiller filler(request, page);
  for (const std::uint64_t position : positions_) {
    Run row(row_);
    if (!row.bind(1, position).step()) throw_corrupt("an entry is missing");
    if (!filler.add(row)) break;
  }
  if (page.entries.empty()) throw_corrupt("the places of a log are missing");
  return page;
}

std::uint64_t Reader::tail(ConversationId conversation, Log log) {
  return cache_.conversation(conversation).head.log.tail(log);
}

std::uint64_t Reader::position_of(ConversationId id, Log log, std::uint64_t seq) {
  const Conversation& conversation = cache_.conversation(id);
  if (seq == 0 || seq > conversation.head.log.tail(log)) return 0;
  ReadRequest request;
  request.conversation = id;
  request.log = log;
  request.after = seq - 1;
  request.max_entries = 1;
  find(conversation, request);
  if (positions_.empty()) throw_corrupt("the places of a log are missing");
  return positions_.front();
}

std::vector<Event> Reader::events(std::uint64_t after, std::size_t limit) {
  std::vector<Event> out;
  Run row(events_);
  row.bind(1, after).bind(2, kEntryFlags).bind(3, static_cast<std::uint64_t>(limit));
  while (row.step()) out.push_back(event_of(row));
  return out;
}

}  // namespace kefu::inline v0::sqlite
