// Store: the port to persistence, and the only sequencer. One Store is one tenant.
//
// A Store knows no rule of customer service. It keeps four things: sessions with the marks of what
// they sent, logs, versioned records with index keys, and its clock. It decides only what must be
// decided inside a transaction: the next seq, whether a draft was seen before (core/dedup_mark.hpp
// is that rule, ready to use), whether a session or a version is still current. kefu::testing has
// the conformance suite that judges an implementation.
//
// Threading: every call may come from any thread, concurrently. Completions come from any thread,
// also inside the call.
//
// Order: what one thread writes for one conversation is applied in the order of submission, and
// completed in it. A read may overtake writes that are not completed yet; it never shows what is
// not durable.
//
// Durability: a completion that reports success means that the effect survives kill -9 and power
// loss. After a failed write whose effect is unknown (a failed fsync above all) the Store answers
// errc::store_failed to every later write until it is opened again.
//
// Failure: an error means that nothing of the call was stored, except errc::timed_out, and
// errc::store_failed for the calls that met the failed write: their effect is unknown, and the
// caller finds out by asking again (every write is safe to repeat).
//
// Ownership: requests are moved in; a Store may keep them until it completes them. Destroying a
// Store completes what is under way, with errc::unavailable where it was not written.
#pragma once

#include <kefu/append_batch.hpp>
#include <kefu/completion.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/event.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/model/tail.hpp>
#include <kefu/record.hpp>
#include <kefu/result.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kefu::inline v0 {

// ---- sessions

/// A session begins, or a newer connection takes it over.
struct AttachRequest {
  SessionId session;
  Participant participant;
  std::uint64_t epoch =
      0;  ///< chosen by the client, at least 1 and above every earlier one of this session
  bool create = false;  ///< true: the id is newly minted and must not exist
};

/// How far a session has got in a conversation.
struct Mark {
  ConversationId conversation;
  std::uint64_t accepted = 0;  ///< the highest cseq that has an outcome
};

/// What became of an attach.
struct AttachOutcome {
  /// The first that applies of: conflict: create, but the id exists; session_expired: no such
  /// session (also: expired); denied: it belongs to a participant with another id; stale_epoch:
  /// `epoch` is not above the current one; ok. store_full, store_failed, unavailable, timed_out: it
  /// could not be done.
  errc code = errc::ok;
  std::uint64_t epoch = 0;  ///< ok, stale_epoch: the session's epoch after this call
  std::vector<Mark>
      marks;  ///< ok: of every conversation in which a send of its has an outcome; in no order
};

/// A session that should not expire, as its node knows it.
struct SessionLease {
  SessionId session;
  std::uint64_t epoch = 0;
};

// ---- logs

/// Which run of a log.
struct ReadRequest {
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t after = 0;      ///< entries with seq > after …
  std::size_t max_entries = 0;  ///< … at most so many (0: only the tail is asked for) …
  std::size_t max_bytes =
      0;  ///< … and, from the second on, only while their bodies sum up to at most this
};

/// A run of a log.
struct Page {
  std::vector<Entry> entries;  ///< in order of seq, without gaps, from `after` + 1 on
  std::uint64_t tail = 0;      ///< the last seq of the log; 0 for an empty or unknown one
};

// ---- records

/// An entry whose body is emptied, and whose tags become these. Its number, and everything else of
/// it, stay.
struct Redaction {
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t seq = 0;
  std::string tags;  ///< that it does not have yet: of those who redact it alike one wins
};

/// Changes of records and logs that are made together.
struct Commit {
  std::vector<Change> changes;  ///< all or none; applied in order, each seeing those before it
  std::vector<Entry> entries;  ///< appended to their logs in the same commit; seq, after and at are
                               ///< set by the Store
  std::vector<Redaction> redactions = {};  ///< of entries that were stored before
};

/// What a commit has made.
struct Committed {
  std::vector<std::uint64_t> versions;  ///< one for each change; 0 for a removed record
  std::vector<Entry> entries;           ///< as stored
};

/// Which records of an index.
struct ScanRequest {
  RecordKind kind = RecordKind::conversation;
  std::string index;
  std::string prefix;  ///< of the index key; compared as bytes
  std::string
      after;  ///< ScanPage::next of the page before, or empty; anything else is errc::bad_frame
  std::size_t limit = 100;  ///< at least 1
};

/// Records that an index has.
struct ScanPage {
  std::vector<Record> records;  ///< in order of (index key, id)
  std::string next;             ///< empty at the end
};

// ---- search

/// What to look for, and where.
struct SearchRequest {
  std::string text;                         ///< not empty
  std::vector<ConversationId> within = {};  ///< only in these; empty: everywhere
  bool internal = false;                    ///< also in the internal logs
  std::uint64_t before = 0;                 ///< only positions below it; 0: all
  std::size_t limit = 50;                   ///< entries found, at least 1
  std::size_t max_scan = 10'000;            ///< entries looked at, at least 1
};

/// What a search has found.
struct SearchPage {
  std::vector<Event> entries;  ///< the newest first
  std::uint64_t next = 0;      ///< `before` of the next page; 0: everything has been searched
};

class Store {
 public:
  virtual ~Store() = default;

  /// Creates or takes over a session, durably: from its completion on, an append under an older
  /// epoch is `fenced`.
  virtual void attach(AttachRequest request, Completion<AttachOutcome> done) = 0;

  /// Keeps sessions from expiring and asks whether they are still in charge: for each lease
  /// errc::ok, errc::fenced or errc::session_expired; or a single error for all. A Store may write
  /// when a session was renewed or taken over coarsely (once a minute).
  virtual void renew(std::vector<SessionLease> leases,
                     Completion<result<std::vector<errc>>> done) = 0;

  /// Removes up to `limit` sessions, each with its marks, that were neither attached nor renewed
  /// for `idle` by the Store's clock. Answers their ids. Entries keep their origin; to the Store
  /// the id is unknown from then on.
  virtual void expire(Nanoseconds idle, std::size_t limit,
                      Completion<result<std::vector<SessionId>>> done) = 0;

  /// Judges and stores drafts in their order, in one transaction; fills one outcome for each
  /// (append_batch.hpp) and gives the batch back. A draft that fails alone never fails the batch.
  virtual void append(std::unique_ptr<AppendBatch> batch,
                      Completion<std::unique_ptr<AppendBatch>> done) = 0;

  /// Reads a run of a log. Sees everything that was completed before the call.
  virtual void read(ReadRequest request, Completion<result<Page>> done) = 0;

  /// Fills in `seq` of each and gives them back. Sees everything that was completed before the
  /// call. Hubs with a Bus ask this for all logs that somebody reads, every limits::tail_check: a
  /// Store that can should answer it in one go. By default each log is read.
  virtual void tails(std::vector<Tail> logs, Completion<result<std::vector<Tail>>> done);

  /// Applies all changes, entries and redactions, or answers why not: errc::conflict when a record
  /// is not at its expected version, or an entry has the tags of its redaction; errc::not_found
  /// when there is no such entry. From its completion on, no call shows what was redacted.
  virtual void commit(Commit commit, Completion<result<Committed>> done) = 0;

  /// The record, or nothing.
  virtual void get(RecordKey key, Completion<result<std::optional<Record>>> done) = 0;

  /// Records by an index, page by page. Sees everything that was completed before the call.
  virtual void scan(ScanRequest request, Completion<result<ScanPage>> done) = 0;

  /// Entries of all logs in commit order, with position > after: the outbox. Never skips one that
  /// commits later.
  virtual void events(std::uint64_t after, std::size_t limit,
                      Completion<result<std::vector<Event>>> done) = 0;

  /// Empties the bodies of everything a participant wrote (Entry::from) and removes their sessions,
  /// with their marks; answers how many bodies it emptied. The logs stay dense, and records stay as
  /// they are. A Store may do this in steps, so that no other call waits for all of it: what is
  /// stored after the call stays, and after an error some of it may be done; asking again does the
  /// rest.
  virtual void erase(std::string participant, Completion<result<std::uint64_t>> done) = 0;

  /// Entries that somebody wrote (Entry::from is not empty) whose body has the text in it, the
  /// letters A to Z and a to z taken for the same. It looks at a bounded number of entries, so a
  /// page may be short, or empty, and yet not the last. Sees everything that was completed before
  /// the call, and nothing that was redacted or erased. A Store need not have it:
  /// errc::unsupported.
  virtual void search(SearchRequest request, Completion<result<SearchPage>> done);

  /// The Store's clock, which alone decides about leases and durable timers. Never goes back. Does
  /// not block.
  [[nodiscard]] virtual Timestamp now() const = 0;
};

/// Forwards every call to another Store, which must outlive it: derive from it and override the
/// calls of interest.
class StoreWrapper : public Store {
 public:
  explicit StoreWrapper(Store& inner) : inner_(inner) {}

  void attach(AttachRequest r, Completion<AttachOutcome> done) override;
  void renew(std::vector<SessionLease> l, Completion<result<std::vector<errc>>> done) override;
  void expire(Nanoseconds idle, std::size_t limit,
              Completion<result<std::vector<SessionId>>> done) override;
  void append(std::unique_ptr<AppendBatch> b,
              Completion<std::unique_ptr<AppendBatch>> done) override;
  void read(ReadRequest r, Completion<result<Page>> done) override;
  void tails(std::vector<Tail> logs, Completion<result<std::vector<Tail>>> done) override;
  void commit(Commit c, Completion<result<Committed>> done) override;
  void get(RecordKey k, Completion<result<std::optional<Record>>> done) override;
  void scan(ScanRequest r, Completion<result<ScanPage>> done) override;
  void events(std::uint64_t after, std::size_t limit,
              Completion<result<std::vector<Event>>> done) override;
  void erase(std::string participant, Completion<result<std::uint64_t>> done) override;
  void search(SearchRequest r, Completion<result<SearchPage>> done) override;
  [[nodiscard]] Timestamp now() const override { return inner_.now(); }

 protected:
  [[nodiscard]] Store& inner() noexcept { return inner_; }

 private:
  Store& inner_;
};

}  // namespace kefu::inline v0
