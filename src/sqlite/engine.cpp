#include "sqlite/engine.hpp"

#include <algorithm>
#include <system_error>

namespace kefu::inline v0::sqlite {
namespace {

// Renewals are written once a minute, or often enough for a shorter time to live.
Nanoseconds coarse(const limits& bounds) {
  return std::min<Nanoseconds>(std::chrono::minutes(1), bounds.session_ttl / 8);
}

Timestamp last_stamp(sqlite3* db) {
  Statement last(db, "SELECT at FROM log ORDER BY position DESC LIMIT 1");
  Run run(last);
  return {run.step() ? run.integer(0) : 0};
}

}  // namespace

Engine::Engine(const std::string& path, const Clock& clock, const Options& options,
               const limits& bounds) try
    : connection_(path, options),
      cache_(connection_.get()),
      checkpoint_(connection_.get(), unfolded_, options.checkpoint_entries),
      window_(bounds.window),
      clock_(clock),
      search_lag_(options.search_lag),
      index_from_(std::min<std::uint64_t>(Search::kSlice - 1, options.search_lag) + 1),
      next_index_(index_from_),
      log(connection_.get(), cache_, unfolded_, bounds.window),
      sessions(connection_.get(), cache_, unfolded_, coarse(bounds)),
      records(connection_.get(), cache_),
      reader(connection_.get(), cache_, unfolded_),
      search(connection_.get(), reader, unfolded_, options.search_index),
      eraser(connection_.get(), sessions, unfolded_, search) {
  load();
  latest_ = std::max(last_stamp(connection_.get()), sessions.latest()).ns;
} catch (const SqlError& error) {
  const bool corrupt = error.primary() == SQLITE_CORRUPT || error.primary() == SQLITE_NOTADB;
  throw std::system_error(make_error_code(corrupt ? errc::corrupt : errc::store_failed),
                          path + ": " + error.text);
}

Engine::~Engine() {
  if (failed_) return;
  // When this fails, the next opening folds what is missing.
  (void)transact([this] { checkpoint_.finish(); });
}

void Engine::load() {
  cache_.clear();
  checkpoint_.reset();
  fold(connection_.get(), checkpoint_.stored_position(), window_, cache_, unfolded_);
  search.load();
}

errc Engine::recover(int code) noexcept {
  stale_ = true;
  const bool read = readable();
  switch (code) {
    case SQLITE_NOMEM:
      // It was rolled back, whatever had been written of it. If memory lacks for reading it anew,
      // too, that is tried again before the next use.
      return failed_ ? errc::store_failed : errc::unavailable;
    case SQLITE_FULL:
      if (read) return errc::store_full;
      [[fallthrough]];
    default:
      failed_ = true;
      return errc::store_failed;
  }
}

bool Engine::readable() noexcept {
  if (!stale_ || !readable_) return readable_;
  try {
    if (!connection_.rollback()) return false;
    load();
    stale_ = false;
  } catch (const SqlError& error) {
    readable_ = error.primary() == SQLITE_NOMEM;
    failed_ = failed_ || !readable_;
  } catch (const std::bad_alloc&) {  // later, perhaps
  }
  return !stale_;
}

void Engine::tidy() noexcept {
  try {
    if (!stale_) cache_.trim(unfolded_);
  } catch (const std::bad_alloc&) {  // it stays larger until the next time
  }
  const int code = connection_.bound_wal() & 0xff;
  // Without space or memory the WAL stays, and grows until an append finds no space either. Any
  // other failure may be a sync that will never tell again: from here on nothing that is written
  // can be trusted to last.
  if (code != SQLITE_OK && code != SQLITE_FULL && code != SQLITE_NOMEM) failed_ = true;
}

void Engine::rest() noexcept {
  if (checkpoint_.may_rest()) {
    restless_ = transact([this] { checkpoint_.rest(); }) != errc::ok;
    return;
  }
  try {
    cache_.rest(unfolded_);
  } catch (const std::bad_alloc&) {  // the bounds of the cache still hold
  }
  rested_ = cache_.used();
}

void Engine::index_some() noexcept {
  const std::uint64_t before = search.behind();
  const errc code = transact([this] { search.step(); });
  next_index_ = code == errc::ok ? index_from_ : before + Search::kSlice;
}

errc Engine::purge() {
  const int code = connection_.empty_wal() & 0xff;
  if (code == SQLITE_OK) return errc::ok;
  if (code == SQLITE_FULL) return errc::store_full;
  if (code == SQLITE_NOMEM) return errc::unavailable;
  failed_ = true;
  return errc::store_failed;
}

Timestamp Engine::now() const {
  const std::int64_t time = clock_.now().ns;
  std::int64_t latest = latest_.load(std::memory_order_relaxed);
  while (time > latest && !latest_.compare_exchange_weak(latest, time, std::memory_order_relaxed)) {
  }
  return {std::max(time, latest)};
}

}  // namespace kefu::inline v0::sqlite
