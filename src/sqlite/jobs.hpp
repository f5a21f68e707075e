// Jobs: calls of the store on their way to its thread, with their completions and what will be
// answered.
#pragma once

#include <kefu/store.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sqlite/backup.hpp"
#include "sqlite/engine.hpp"

namespace kefu::inline v0::sqlite {

// A write runs in the transaction of its turn, and finishes behind the commit with errc::ok or why
// that failed. A read runs between transactions.

struct AttachJob {
  AttachRequest request;
  Completion<AttachOutcome> done;
  AttachOutcome outcome{};

  void run(Engine& engine) { outcome = engine.sessions.attach(request, engine.now()); }
  void finish(errc code) {
    if (code != errc::ok) outcome = {code, 0, {}};
    done(std::move(outcome));
  }
};

struct AppendJob {
  std::unique_ptr<AppendBatch> batch;
  Completion<std::unique_ptr<AppendBatch>> done;

  void run(Engine& engine) { engine.log.append(*batch, engine.now()); }
  void finish(errc code) {
    if (code != errc::ok) batch->fail(code);
    done(std::move(batch));
  }
};

/// A call whose answer is a result<T>.
template <class T>
struct Answered {
  Completion<result<T>> done;
  result<T> answer = errc::unavailable;

  void finish(errc code) {
    if (code != errc::ok) answer = code;
    done(std::move(answer));
  }
};

struct RenewJob : Answered<std::vector<errc>> {
  std::vector<SessionLease> leases;

  void run(Engine& engine) {
    const Timestamp now = engine.now();
    std::vector<errc> codes;
    codes.reserve(leases.size());
    for (const SessionLease& lease : leases) codes.push_back(engine.sessions.renew(lease, now));
    answer = std::move(codes);
  }
};

struct ExpireJob : Answered<std::vector<SessionId>> {
  Nanoseconds idle{};
  std::size_t limit = 0;

  void run(Engine& engine) { answer = engine.sessions.expire(idle, limit, engine.now()); }
};

struct CommitJob : Answered<Committed> {
  Commit commit;

  void run(Engine& engine) {
    std::vector<std::uint64_t> redacted;
    for (const Redaction& one : commit.redactions) {
      redacted.push_back(engine.reader.position_of(one.conversation, one.log, one.seq));
      const errc code = redacted.back() == 0 ? errc::not_found
                                             : engine.eraser.may_redact(redacted.back(), one.tags);
      if (code == errc::ok) continue;
      answer = code;
      return;
    }
    result<std::vector<std::uint64_t>> versions = engine.records.apply(commit.changes);
    if (!versions) {
      answer = versions.error();
      return;
    }
    for (std::size_t i = 0; i < redacted.size(); ++i)
      engine.eraser.redact(redacted[i], commit.redactions[i].tags);
    if (!redacted.empty()) engine.purge_later();
    const Timestamp now = engine.now();
    for (Entry& entry : commit.entries) engine.log.append(entry, now);
    answer = Committed{*std::move(versions), std::move(commit.entries)};
  }
};

/// Its turn only begins it: it goes on in slices, and is answered behind the last.
struct EraseJob : Answered<std::uint64_t> {
  std::string participant;
  Erasure erasure{};
  bool compacting = false;  ///< the index of texts, in slices too …
  bool compacted = false;   ///< … to the end

  void run(Engine& engine) { erasure = engine.eraser.start(std::move(participant)); }
  /// True when there is nothing left to do, or `code` says that it failed.
  bool step(Engine& engine, errc& code) {
    code = engine.transact([&] { engine.eraser.step(erasure); });
    if (code != errc::ok) return true;
    if (!erasure.finished()) return false;
    if (erasure.emptied != 0 && !compacted) {
      code = engine.transact([&] { compacted = engine.search.compact(compacting); });
      compacting = true;
      if (code != errc::ok) return true;
      if (!compacted) return false;
    }
    answer = erasure.emptied;
    code = engine.purge();
    return true;
  }
};

struct ReadJob : Answered<Page> {
  ReadRequest request;

  void run(Engine& engine) { answer = engine.reader.read(request); }
};

struct TailsJob : Answered<std::vector<Tail>> {
  std::vector<Tail> logs;

  void run(Engine& engine) {
    for (Tail& tail : logs) tail.seq = engine.reader.tail(tail.conversation, tail.log);
    answer = std::move(logs);
  }
};

struct GetJob : Answered<std::optional<Record>> {
  RecordKey key;

  void run(Engine& engine) { answer = engine.records.get(key); }
};

struct ScanJob : Answered<ScanPage> {
  ScanRequest request;

  void run(Engine& engine) { answer = engine.records.scan(request); }
};

struct SearchJob : Answered<SearchPage> {
  SearchRequest request;

  void run(Engine& engine) { answer = engine.search.search(request); }
};

struct EventsJob : Answered<std::vector<Event>> {
  std::uint64_t after = 0;
  std::size_t limit = 0;

  void run(Engine& engine) { answer = engine.reader.events(after, limit); }
};

/// Its turn only begins it, likewise.
struct BackupJob {
  Completion<errc> done;
  std::string path;
  std::unique_ptr<Backup> backup = {};

  void run(Engine& engine) { backup = std::make_unique<Backup>(engine.database(), path); }
  bool step(errc& code) {
    try {
      return backup->step(code);
    } catch (const std::bad_alloc&) {
      code = errc::unavailable;
      return true;
    }
  }
  void finish(errc code) {
    backup.reset();
    done(code);
  }
};

using Write =
    std::variant<AppendJob, AttachJob, RenewJob, ExpireJob, CommitJob, EraseJob, BackupJob>;
using Read = std::variant<ReadJob, TailsJob, GetJob, ScanJob, EventsJob, SearchJob>;

}  // namespace kefu::inline v0::sqlite
