// Engine: the store without its thread: a connection, the caches and folds, and transactions over
// them.
#pragma once

#include <atomic>
#include <kefu/clock.hpp>
#include <kefu/limits.hpp>
#include <kefu/sqlite/store.hpp>
#include <new>
#include <string>

#include "sqlite/cache.hpp"
#include "sqlite/checkpoint.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/eraser.hpp"
#include "sqlite/log_writer.hpp"
#include "sqlite/reader.hpp"
#include "sqlite/records.hpp"
#include "sqlite/search.hpp"
#include "sqlite/sessions.hpp"
#include "sqlite/unfolded.hpp"

namespace kefu::inline v0::sqlite {

/// Threading: one thread at a time, but for now().
class Engine {
 public:
  /// Throws std::system_error, as Store's constructor says.
  Engine(const std::string& path, const Clock& clock, const Options& options, const limits& bounds);
  /// Writes the folds, so that the next opening has nothing to fold.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Runs `body` in a transaction: errc::ok when it is committed. store_full, and unavailable when
  /// memory has run out: nothing of it was stored, and the engine is as before. store_failed: it
  /// failed in another way, now or earlier, and nothing will be written any more.
  template <class Body>
  [[nodiscard]] errc transact(Body body) {
    if (failed_) return errc::store_failed;
    if (!readable()) return failed_ ? errc::store_failed : errc::unavailable;
    const std::uint64_t end = unfolded_.end();
    try {
      connection_.begin();
      body();
      checkpoint_.step(unfolded_.end() - end);
      connection_.commit();
      checkpoint_.committed();
      restless_ = false;
      return errc::ok;
    } catch (const SqlError& error) {
      return recover(error.primary());
    } catch (const std::bad_alloc&) {
      return recover(SQLITE_NOMEM);
    }
  }

  /// False when what is in memory fits nothing that is stored, also now that it was tried once more
  /// to read it: then reads must not be tried.
  [[nodiscard]] bool readable() noexcept;

  /// What can wait until the callers of a transaction have their answers: the bounds of the WAL and
  /// of the cache.
  void tidy() noexcept;
  /// Leaves no copy of what an erasure has overwritten. store_full, unavailable: there is not the
  /// space, or the memory, to.
  [[nodiscard]] errc purge();
  /// The same for a redaction, when there is nothing else to do.
  void purge_later() noexcept { purge_due_ = true; }
  [[nodiscard]] bool must_purge() const noexcept { return purge_due_ && !failed_ && !stale_; }
  /// For want of space or memory it is left to the next redaction, or the bound of the WAL.
  void purge_now() noexcept {
    purge_due_ = false;
    (void)purge();
  }

  /// Whether the index of texts is so far behind that it must be written now; or is behind enough
  /// to be worth a turn that has nothing else to do.
  [[nodiscard]] bool lags() const noexcept { return search.behind() > search_lag_ && may_index(); }
  [[nodiscard]] bool may_index() const noexcept {
    return search.behind() >= next_index_ && !failed_ && !stale_;
  }
  /// Writes a slice of it, in a transaction of its own.
  void index_some() noexcept;

  /// Whether memory is held for what was, which a store of which nobody asks anything lets go.
  [[nodiscard]] bool may_rest() const noexcept {
    return !failed_ && !stale_ && !restless_ &&
           (checkpoint_.may_rest() || cache_.used() >= rested_ + kWorthLettingGo);
  }
  /// Folds a slice, in a transaction of its own; or, when that is done, lets go what needs no fold.
  void rest() noexcept;

  [[nodiscard]] Timestamp now() const;

  [[nodiscard]] sqlite3* database() noexcept { return connection_.get(); }

 private:
  static constexpr std::size_t kWorthLettingGo = 256;  ///< senders and conversations

  errc recover(int code) noexcept;
  /// Reads cache and folds anew from the database. Throws SqlError.
  void load();

  Connection connection_;
  Unfolded unfolded_;
  Cache cache_;
  Checkpoint checkpoint_;
  std::uint32_t window_;
  bool failed_ = false;
  bool readable_ = true;
  bool stale_ = false;      ///< cache and folds are not what is stored
  bool restless_ = false;   ///< the last fold of rest() failed, and nothing was stored since
  std::size_t rested_ = 0;  ///< what rest() left of the cache
  bool purge_due_ = false;
  const Clock& clock_;
  mutable std::atomic<std::int64_t> latest_{0};  ///< the highest time given out
  const std::size_t search_lag_;
  const std::uint64_t index_from_;  ///< rows behind the index that are worth a turn
  std::uint64_t next_index_;        ///< rows behind the index at which it is written

 public:
  LogWriter log;
  Sessions sessions;
  Records records;
  Reader reader;
  Search search;
  Eraser eraser;
};

}  // namespace kefu::inline v0::sqlite
