#include "sqlite/search.hpp"

#include <algorithm>
#include <kefu/core/text_match.hpp>
#include <limits>
#include <string>
#include <unordered_set>

#include "sqlite/connection.hpp"
#include "sqlite/log_row.hpp"
#include "sqlite/reader.hpp"

namespace kefu::inline v0::sqlite {
namespace {

constexpr std::size_t kTrigram = 3;

sqlite3* prepared(sqlite3* db) {
  execute(db,
          "BEGIN IMMEDIATE;"
          "CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5("
          "  body, content='log', content_rowid='position', tokenize='trigram');"
          "CREATE TABLE IF NOT EXISTS search_reach("
          "  only INTEGER PRIMARY KEY CHECK(only = 1), position INTEGER NOT NULL);"
          "INSERT OR IGNORE INTO search_reach VALUES(1, 0);"
          "COMMIT");
  return db;
}

bool exists(sqlite3* db) {
  Statement known(db, "SELECT 1 FROM sqlite_schema WHERE name = 'search_reach'");
  return Run(known).step();
}

/// As one phrase of FTS5: its characters next to each other.
std::string phrase(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) out.append(c == '"' ? 2 : 1, c);
  return out + '"';
}

}  // namespace

struct Search::Index {
  explicit Index(sqlite3* db)
      : reach(prepared(db), "SELECT position FROM search_reach"),
        move(db, "UPDATE search_reach SET position = ?"),
        add(db,
            "INSERT INTO search(rowid, body) SELECT position, body FROM log WHERE position BETWEEN "
            "? AND ? AND flags < ? AND body <> '' AND sender IS NOT ''"),
        forget(db,
               "INSERT INTO search(search, rowid, body) SELECT 'delete', position, body FROM log "
               "WHERE position = ? AND flags < ? AND body <> '' AND sender IS NOT ''"),
        compact(db, "INSERT INTO search(search, rank) VALUES('merge', ?)"),
        find(db,
             "SELECT rowid FROM search WHERE search MATCH ? AND rowid < ? ORDER BY rowid DESC "
             "LIMIT ?") {}

  Statement reach, move, add, forget, compact, find;
};

/// A page that is filled from its newest entry on.
class Search::Filler {
 public:
  explicit Filler(const SearchRequest& request)
      : request_(request),
        matches_(request.text),
        within_(request.within.begin(), request.within.end()) {}

  [[nodiscard]] const SearchRequest& request() const { return request_; }
  /// Everything from here on has been looked at.
  [[nodiscard]] std::uint64_t before() const { return before_; }
  void start(std::uint64_t before) { before_ = before; }
  void pass(std::uint64_t position) { before_ = position; }
  [[nodiscard]] bool full() const {
    return page_.entries.size() == request_.limit || looked_ == request_.max_scan;
  }
  [[nodiscard]] std::size_t left() const { return request_.max_scan - looked_; }
  void take(Event event) {
    ++looked_;
    before_ = event.position;
    const Entry& entry = event.entry;
    const bool meant = within_.empty() || within_.contains(entry.conversation);
    if (meant && !entry.from.empty() && (request_.internal || entry.log == Log::public_log) &&
        matches_(entry.body))
      page_.entries.push_back(std::move(event));
  }
  [[nodiscard]] SearchPage finish() {
    page_.next = before_ > 1 ? before_ : 0;
    return std::move(page_);
  }

 private:
  const SearchRequest& request_;
  const core::TextMatch matches_;
  const std::unordered_set<ConversationId> within_;
  std::uint64_t before_ = 0;
  std::size_t looked_ = 0;
  SearchPage page_;
};

Search::Search(sqlite3* db, Reader& reader, const Unfolded& unfolded, bool indexed)
    : db_(db), reader_(reader), unfolded_(unfolded) {
  if (indexed) {
    index_ = std::make_unique<Index>(db);
  } else if (exists(db)) {
    execute(db, "BEGIN IMMEDIATE; DROP TABLE search; DROP TABLE search_reach; COMMIT");
  }
}

Search::~Search() = default;

void Search::load() {
  if (!index_) return;
  Run run(index_->reach);
  if (!run.step()) throw_corrupt("the reach of the index is missing");
  reach_ = run.number(0);
}

void Search::step() {
  const std::uint64_t last = std::min(unfolded_.end(), reach_ + kSlice);
  Run(index_->add).bind(1, reach_ + 1).bind(2, last).bind(3, kEntryFlags).step();
  Run(index_->move).bind(1, last).step();
  reach_ = last;
}

void Search::forget(std::uint64_t position) {
  if (!index_ || position > reach_) return;
  Run(index_->forget).bind(1, position).bind(2, kEntryFlags).step();
}

bool Search::compact(bool going_on) {
  if (!index_) return true;
  // A negative number of pages makes all that there is one merge, which positive ones go on with.
  constexpr std::int64_t kPages = 500;
  const int before = sqlite3_total_changes(db_);
  Run(index_->compact).bind(1, going_on ? kPages : -kPages).step();
  return going_on && sqlite3_total_changes(db_) - before < 2;
}

SearchPage Search::search(const SearchRequest& request) {
  Filler filler(request);
  const std::uint64_t end = unfolded_.end() + 1;
  filler.start(request.before == 0 ? end : std::min(request.before, end));
  const bool short_text = core::TextMatch::length(request.text) < kTrigram ||
                          request.text.find('\0') != std::string::npos;
  const bool indexed = index_ && !short_text;
  scan(indexed ? reach_ + 1 : 1, filler);
  if (indexed && !filler.full()) look_up(filler);
  return filler.finish();
}

/// From where the filler is down to `first`.
void Search::scan(std::uint64_t first, Filler& filler) {
  if (filler.before() <= first) return;
  reader_.backwards(first, filler.before() - 1, [&](Event event) {
    filler.take(std::move(event));
    return !filler.full();
  });
  if (!filler.full()) filler.pass(first);
}

void Search::look_up(Filler& filler) {
  std::vector<std::uint64_t> positions;
  const std::size_t most = filler.left();
  {
    const std::string text = phrase(filler.request().text);
    Run row(index_->find);
    row.bind(1, text).bind(2, filler.before()).bind(3, static_cast<std::uint64_t>(most));
    while (row.step()) positions.push_back(row.number(0));
  }
  for (const std::uint64_t position : positions) {
    reader_.backwards(position, position, [&](Event event) {
      filler.take(std::move(event));
      return false;
    });
    if (filler.full()) return;
  }
  if (positions.size() < most) filler.pass(1);
}

}  // namespace kefu::inline v0::sqlite
