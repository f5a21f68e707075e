// postgres::Store: one PostgreSQL database, any number of nodes. What it acknowledges was committed
// there.
#pragma once

#include <cstdint>
#include <kefu/limits.hpp>
#include <kefu/store.hpp>
#include <memory>
#include <string>

namespace kefu::inline v0::postgres {

/// How far a commit goes before it is acknowledged: PostgreSQL's synchronous_commit.
enum class Synchronous : std::uint8_t {
  on,            ///< flushed here, and by the synchronous standbys if there are any. The default
  remote_apply,  ///< and applied there, so that they show it
  remote_write,  ///< flushed here, written there: may be lost when both machines lose power
  local,         ///< flushed here: lost when a standby takes over that had not received it
};

/// How a Store reaches its database.
struct Options {
  /// Holds the tables; created if it is not there. Each is a Store, and so a tenant, of its own.
  /// Letters a to z, digits and _, not a digit first, up to 63 bytes.
  std::string schema = "kefu";
  /// Connections, made when they are needed: for transactions, and for reads (of several the last
  /// one is for events and searches). At least 1 of each.
  std::size_t writers = 4;
  std::size_t readers = 2;
  /// `off` is not offered: it would acknowledge what a crash of the server takes away.
  Synchronous synchronous = Synchronous::on;
  /// A call that could not be done for so long is answered errc::unavailable; one whose commit got
  /// no answer, and of which the database can't say what became for as long again,
  /// errc::timed_out (10 s).
  Nanoseconds timeout{10'000'000'000};
  /// The server ends a transaction in which nothing happens for so long: its node stands still or
  /// is cut off, and what it has locked would hold up the others. Up to a millisecond exact (1 s).
  Nanoseconds stall{1'000'000'000};
  /// A silent server is asked whether it is there so often, and given up after two of them; so is
  /// one that acknowledges nothing of what it was sent for three times as long. So a machine that
  /// vanishes without a word is noticed well within `timeout`, and calls are done on another
  /// connection. In whole seconds, rounded up; over TCP alone; what `conninfo` says of keepalives
  /// and tcp_user_timeout goes before it (1 s).
  Nanoseconds ping{1'000'000'000};
  /// Creates the tables, and brings those of an older kefu up to this version, where needed.
  /// Otherwise that is an error: for roles that may not.
  bool migrate = true;
};

/// Threading: as the port says; completions come from the store's one thread, which also looks up
/// the server's name when it connects (give `hostaddr` where that could block).
/// Failure: lost connections are made again, and what was under way is done again; where a commit
/// got no answer the database is asked whether it had happened. Deadlocks and the like are retried.
/// Hosts: `conninfo` may name several that lead to the same data ("host=a,b"). A connection goes to
/// the one that served last, at first to the first, and each time that fails to the next. A host
/// that says nothing gets connect_timeout of `conninfo`, or its share of Options::timeout where
/// there is none; all addresses of one name share that. Unless `conninfo` says otherwise a host
/// serves only when it takes writes (target_session_attrs=read-write), so a standby is passed over
/// until it is promoted.
/// Clock: the server's, as seen from here: asked every few seconds and run on in between.
/// Memory: a call throws std::bad_alloc when there is no room to keep it; the thread ends the
/// process when it finds none.
class Store final : public kefu::Store {
 public:
  /// Connects, and migrates. `conninfo` is libpq's: "host=db dbname=support user=kefu", or a URI;
  /// passwords and certificates go there, too. Waits for a silent host as long as it may take, in
  /// whole seconds, rounded up, and at least 2. Throws std::system_error with a kefu::errc:
  /// unavailable (no connection, or no right), store_version (written by a newer kefu, or by an
  /// older one without Options::migrate); std::invalid_argument for options.
  explicit Store(const std::string& conninfo, Options options = {}, limits bounds = {});
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
  /// In the order of transaction ids, which agrees with each log's. What a transaction that runs
  /// may still write hides all that is behind it, also one of another database on the server.
  void events(std::uint64_t after, std::size_t limit,
              Completion<result<std::vector<Event>>> done) override;
  void erase(std::string participant, Completion<result<std::uint64_t>> done) override;
  void search(SearchRequest request, Completion<result<SearchPage>> done) override;
  [[nodiscard]] Timestamp now() const override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kefu::inline v0::postgres
