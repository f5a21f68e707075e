// sqlite::Store: one database file, one process, group commit on a thread of its own. What it
// acknowledges is on disk.
#pragma once

#include <cstdint>
#include <kefu/clock.hpp>
#include <kefu/limits.hpp>
#include <kefu/store.hpp>
#include <memory>
#include <string>

namespace kefu::inline v0::sqlite {

/// How far a commit goes before it is acknowledged.
enum class Synchronous : std::uint8_t {
  full,  ///< fsync in every commit: survives power loss. The default, and the only level that keeps
         ///< promise 1
  normal,  ///< survives kill -9, not power loss
};

/// How a Store uses its file.
struct Options {
  Synchronous synchronous = Synchronous::full;
  std::size_t cache_bytes = 1024 * 1024;  ///< SQLite's page cache; the kernel has one, too
  /// What one transaction may change before pages of it are written early, to be read again if it
  /// needs them. Held only while there is such a transaction.
  std::size_t spill_bytes = 16 * 1024 * 1024;
  std::size_t checkpoint_entries =
      100'000;  ///< log rows behind which tails, marks and the index may lag
  /// The WAL is copied into the file when it is larger. Commits wait for that: the larger the
  /// bound, the rarer and the longer.
  std::size_t wal_bytes = 4 * 1024 * 1024;
  /// Keeps an index of all texts, by three letters each (FTS5), which Store::search() uses. It is
  /// written when there is nothing else to do, or when it lags by search_lag rows, and takes about
  /// twice the room of the texts. Without it a search looks at one row after the other, and a file
  /// that has an index loses it.
  bool search_index = false;
  std::size_t search_lag = 20'000;
};

/// Of what is erased or redacted nothing is left in the file, which is overwritten at once. The WAL
/// loses it before erase() completes; after a redaction when there is next nothing to do, at the
/// latest when it was copied at wal_bytes and written over. An index of texts keeps the three
/// letters each of an erased text until erase() completes, and of a redacted one until SQLite next
/// merges that part of it. What a file system or a disk keeps of its own is theirs.
///
/// Threading: as the port says; completions come from the store's thread.
/// Memory: what runs out of it on that thread, or in SQLite, is answered errc::unavailable and not
/// stored, together with what shared its transaction. A call throws std::bad_alloc when there is no
/// room to keep it for the thread; then its completion is not called.
class Store final : public kefu::Store {
 public:
  /// Opens or creates `path`. Throws std::system_error with a kefu::errc and a text that names the
  /// file: store_locked (another process has it open), store_version (written by a newer kefu),
  /// corrupt, store_full, store_failed. A file of an older kefu is brought up to this version, in
  /// one transaction.
  explicit Store(const std::string& path, Options options = {}, limits bounds = {});
  /// The same with a clock of the caller's, which must outlive the store.
  Store(const std::string& path, const Clock& clock, Options options = {}, limits bounds = {});
  ~Store() override;

  void attach(AttachRequest request, Completion<AttachOutcome> done) override;
  void renew(std::vector<SessionLease> leases, Completion<result<std::vector<errc>>> done) override;
  void expire(Nanoseconds idle, std::size_t limit,
              Completion<result<std::vector<SessionId>>> done) override;
  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override;
  void read(ReadRequest request, Completion<result<Page>> done) override;
  void tails(std::vector<Tail> logs, Completion<result<std::vector<Tail>>> done) override;
  void commit(Commit commit, Completion<result<Committed>> done) override;
  void get(RecordKey key, Completion<result<std::optional<Record>>> done) override;
  void scan(ScanRequest request, Completion<result<ScanPage>> done) override;
  void events(std::uint64_t after, std::size_t limit,
              Completion<result<std::vector<Event>>> done) override;
  void erase(std::string participant, Completion<result<std::uint64_t>> done) override;
  void search(SearchRequest request, Completion<result<SearchPage>> done) override;
  [[nodiscard]] Timestamp now() const override;

  /// Copies the database to a new file, readable by its owner alone, a megabyte at a time between
  /// other calls, which wait for no more than that. The copy is the database as it is at a moment
  /// shortly before the completion, with all that was acknowledged until then, and is on disk;
  /// opened as a Store it goes on from there. Until it is whole it is named `path` + ".partial".
  /// It keeps what is erased later: destroy old copies, too.
  ///
  /// errc::conflict: `path` is there already. store_full, store_failed: it can't be written there,
  /// which harms nothing here; or this store has failed. unavailable: memory has run out, or the
  /// store is destroyed meanwhile.
  void backup(std::string path, Completion<errc> done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kefu::inline v0::sqlite
