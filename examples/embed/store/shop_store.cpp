#include "shop_store.hpp"

#include <algorithm>
#include <kefu/core/ledger.hpp>
#include <mutex>
#include <stdexcept>

#include "cursor.hpp"
#include "message_row.hpp"
#include "query.hpp"
#include "schema.hpp"

namespace shop {

using namespace kefu;

struct ShopStore::Impl {
  Impl(const std::string& path, const Clock& with_clock, limits with_bounds)
      : clock(with_clock), bounds(with_bounds) {
    if (sqlite3_open(path.c_str(), &db) != SQLITE_OK)
      throw std::runtime_error("cannot open " + path);
    try {
      execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
      if (!ask("SELECT 1 FROM pragma_table_info('message') WHERE name = 'place'"))
        execute(kAdditions);
      latest.ns = static_cast<std::int64_t>(ask("SELECT coalesce(max(seen), 0) FROM device"));
    } catch (const SqlError&) {
      const std::string why = sqlite3_errmsg(db);
      sqlite3_close(db);
      throw std::runtime_error(path + ": " + why);
    }
  }
  ~Impl() { sqlite3_close(db); }

  const Clock& clock;
  const limits bounds;
  sqlite3* db = nullptr;
  std::mutex mutex;  // one call at a time
  bool failed = false;
  Timestamp latest;

  void execute(const char* sql) {
    const int code = sqlite3_exec(db, sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) throw SqlError{code};
  }
  template <class... Values>
  void run(const char* sql, const Values&... values) {
    Query(db, sql, values...).step();
  }
  template <class... Values>
  std::uint64_t ask(const char* sql, const Values&... values) {
    Query query(db, sql, values...);
    return query.step() ? query.number(0) : 0;
  }
  Timestamp now() { return latest = std::max(latest, clock.now()); }

  /// Runs `step` in a transaction; errc::ok when it is committed.
  template <class Step>
  errc write(Step step) {
    if (failed) return errc::store_failed;
    try {
      execute("BEGIN IMMEDIATE");
      const errc code = step();
      execute(code == errc::ok ? "COMMIT" : "ROLLBACK");
      return code;
    } catch (const SqlError& error) {
      sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
      if ((error.code & 0xff) == SQLITE_FULL) return errc::store_full;
      failed = true;  // whether it is on the disk nobody knows: no more of this
      return errc::store_failed;
    }
  }

  AttachOutcome attach(const AttachRequest& request) {
    AttachOutcome out;
    const std::string device = request.session.to_string();
    Query found(db, "SELECT owner, epoch FROM device WHERE id = ?", device);
    const bool exists = found.step();
    if (request.create == exists) {
      out.code = exists ? errc::conflict : errc::session_expired;
    } else if (exists && found.text(0) != request.participant.id) {
      out.code = errc::denied;
    } else if (out.epoch = exists ? found.number(1) : 0; request.epoch <= out.epoch) {
      out.code = errc::stale_epoch;
    }
    if (out.code != errc::ok) return out;
    out.epoch = request.epoch;
    run("INSERT INTO device VALUES(?1, ?2, ?3, ?4) "
        "ON CONFLICT DO UPDATE SET epoch = ?3, seen = ?4",
        device, request.participant.id, request.epoch, now().ns);
    Query mark(db, "SELECT thread, max(no) FROM device_sent WHERE device = ? GROUP BY thread",
               device);
    while (mark.step())
      out.marks.push_back({ConversationId::parse(mark.text(0)).value(), mark.number(1)});
    return out;
  }

  errc renew(const SessionLease& lease) {
    const std::string device = lease.session.to_string();
    const std::uint64_t epoch = ask("SELECT epoch FROM device WHERE id = ?", device);
    if (epoch == 0) return errc::session_expired;
    if (epoch != lease.epoch) return errc::fenced;
    run("UPDATE device SET seen = ? WHERE id = ?", now().ns, device);
    return errc::ok;
  }

  // ---- logs

  core::ConversationHead head_of(ConversationId conversation) {
    const std::string id = conversation.to_string();
    const char* const tail =
        "SELECT max(place) FROM message WHERE channel = ? AND thread = ? AND place IS NOT NULL";
    core::ConversationHead head;
    head.log = {ask(tail, channel_of(Log::public_log), id),
                ask(tail, channel_of(Log::internal), id)};
    head.version =
        ask("SELECT version FROM document WHERE kind = ? AND id = ?", RecordKind::conversation, id);
    return head;
  }

  core::DedupMark mark_of(const std::string& device, const std::string& thread) {
    std::vector<core::DedupMark::Sent> kept;
    std::uint64_t accepted = 0;
    Query row(
        db,
        "SELECT no, digest, place, at FROM device_sent WHERE device = ? AND thread = ? ORDER BY no",
        device, thread);
    while (row.step()) {
      accepted = row.number(0);
      kept.push_back({row.number(1), row.number(2), {static_cast<std::int64_t>(row.number(3))}});
    }
    return core::DedupMark::restore(accepted, std::move(kept));
  }

  void put(const Entry& entry) {
    run("INSERT INTO message(channel, thread, place, behind, author, role, device, device_no, "
        "format, words, written, tags) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        channel_of(entry.log), entry.conversation.to_string(), entry.seq, entry.after, entry.from,
        name(entry.role), entry.origin.cseq ? entry.origin.session.to_string() : std::string(),
        entry.origin.cseq, entry.kind, entry.body, entry.at.to_string(), entry.tags);
  }

  /// kefu's judge() decides; here stands only how its state is read and written.
  void append(AppendBatch& batch) {
    const Timestamp at = now();
    batch.outcomes().assign(batch.size(), Outcome{});
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Draft& draft = batch.drafts()[i];
      const std::string device = draft.session.to_string(), thread = draft.conversation.to_string();
      core::SessionLedger session;
      session.epoch = ask("SELECT epoch FROM device WHERE id = ?", device);
      session.mark(draft.conversation) = mark_of(device, thread);
      core::ConversationHead head = head_of(draft.conversation);
      Outcome& outcome = batch.outcomes()[i];
      if (!core::judge(draft, session.epoch ? &session : nullptr, head, bounds.window, at, outcome))
        continue;
      const core::DedupMark::Sent sent =
          *session.mark(draft.conversation).find(draft.cseq, bounds.window);
      run("INSERT INTO device_sent VALUES(?, ?, ?, ?, ?, ?)", device, thread, draft.cseq,
          sent.digest, sent.seq, sent.at.ns);
      run("DELETE FROM device_sent WHERE device = ? AND thread = ? AND no <= ?", device, thread,
          static_cast<std::int64_t>(draft.cseq) - std::int64_t{bounds.window});
      if (outcome.code != errc::ok) continue;
      put({draft.conversation, draft.log, outcome.seq, outcome.after, std::string(draft.from),
           draft.role, Origin{draft.session, draft.cseq}, std::string(draft.kind),
           std::string(draft.body), std::string(draft.tags), at});
    }
  }

  Page read(const ReadRequest& request) {
    Page page;
    page.tail = head_of(request.conversation).log.tail(request.log);
    Query row(db, messages_where("channel = ? AND thread = ? AND place > ? ORDER BY place LIMIT ?"),
              channel_of(request.log), request.conversation.to_string(), request.after,
              std::min<std::uint64_t>(request.max_entries, page.tail));
    std::size_t bytes = 0;
    while (row.step()) {
      Entry entry = entry_of(row);
      bytes += entry.body.size();
      if (!page.entries.empty() && bytes > request.max_bytes) break;
      page.entries.push_back(std::move(entry));
    }
    return page;
  }

  // ---- records

  /// The version that the change makes; nothing when it comes too late.
  std::optional<std::uint64_t> change(const Change& change) {
    const RecordKind kind = change.key.kind;
    const std::string& id = change.key.id;
    if (ask("SELECT version FROM document WHERE kind = ? AND id = ?", kind, id) != change.expected)
      return std::nullopt;
    run("DELETE FROM document_key WHERE kind = ? AND id = ?", kind, id);
    run("DELETE FROM document WHERE kind = ? AND id = ?", kind, id);
    if (!change.value) return 0;
    run("INSERT INTO document VALUES(?, ?, ?, CAST(? AS BLOB))", kind, id, change.expected + 1,
        *change.value);
    for (const IndexKey& key : change.index)
      run("INSERT OR IGNORE INTO document_key VALUES(?, ?, CAST(? AS BLOB), ?)", kind, key.index,
          key.key, id);
    return change.expected + 1;
  }

  errc commit(Commit& commit, Committed& out) {
    for (const Change& one : commit.changes) {
      const std::optional<std::uint64_t> version = change(one);
      if (!version) return errc::conflict;
      out.versions.push_back(*version);
    }
    for (const Redaction& one : commit.redactions) {
      Query row(db, "SELECT no, tags FROM message WHERE channel = ? AND thread = ? AND place = ?",
                channel_of(one.log), one.conversation.to_string(), one.seq);
      if (!row.step()) return errc::not_found;
      if (row.text(1) == one.tags) return errc::conflict;
      run("UPDATE message SET words = '', tags = ? WHERE no = ?", one.tags, row.number(0));
    }
    const Timestamp at = now();
    for (Entry& entry : commit.entries) {
      const auto place = head_of(entry.conversation).log.append(entry.log);
      entry.seq = place.seq;
      entry.after = place.after;
      entry.at = at;
      put(entry);
    }
    out.entries = std::move(commit.entries);
    return errc::ok;
  }

  std::optional<Record> get(const RecordKey& key) {
    Query row(db, "SELECT version, value FROM document WHERE kind = ? AND id = ?", key.kind,
              key.id);
    if (!row.step()) return std::nullopt;
    return Record{key, row.number(0), row.text(1)};
  }

  result<ScanPage> scan(const ScanRequest& request) {
    std::string key = request.prefix, id;
    if (!request.after.empty() && !read_cursor(request.after, key, id)) return errc::bad_frame;
    Query row(db,
              request.after.empty()
                  ? "SELECT key, id FROM document_key WHERE kind = ? AND name = ? "
                    "AND (key, id) >= (CAST(? AS BLOB), ?) ORDER BY key, id"
                  : "SELECT key, id FROM document_key WHERE kind = ? AND name = ? "
                    "AND (key, id) > (CAST(? AS BLOB), ?) ORDER BY key, id",
              request.kind, request.index, key, id);
    ScanPage page;
    std::string last;
    while (row.step() && row.text(0).starts_with(request.prefix)) {
      if (page.records.size() == request.limit) {
        page.next = last;
        break;
      }
      last = cursor_of(row.text(0), row.text(1));
      page.records.push_back(get({request.kind, row.text(1)}).value());
    }
    return page;
  }

  std::vector<Event> events(std::uint64_t after, std::size_t limit) {
    Query row(db, messages_where("no > ? AND place IS NOT NULL ORDER BY no"), after);
    std::vector<Event> out;
    while (out.size() < limit && row.step()) out.push_back({row.number(0), entry_of(row)});
    return out;
  }

  std::uint64_t erase(const std::string& who) {
    run("UPDATE message SET words = '' WHERE author = ? AND place IS NOT NULL AND words <> ''",
        who);
    const auto emptied = static_cast<std::uint64_t>(sqlite3_changes64(db));
    run("DELETE FROM device_sent WHERE device IN (SELECT id FROM device WHERE owner = ?)", who);
    run("DELETE FROM device WHERE owner = ?", who);
    return emptied;
  }
};

// Every call: under the mutex, and completed behind it.

namespace {

template <class Impl, class T, class Step>
void answer(Impl& impl, Completion<result<T>>& done, Step step) {
  std::unique_lock lock(impl.mutex);
  result<T> out = errc::unavailable;
  try {
    out = step();
  } catch (const SqlError&) {  // of a read: it changes nothing
  }
  lock.unlock();
  done(std::move(out));
}

template <class Impl, class T, class Step>
void answer_write(Impl& impl, Completion<result<T>>& done, Step step) {
  answer(impl, done, [&]() -> result<T> {
    T value{};
    const errc code = impl.write([&] { return step(value); });
    if (code != errc::ok) return code;
    return value;
  });
}

}  // namespace

ShopStore::ShopStore(const std::string& path, const Clock& clock, limits bounds)
    : impl_(std::make_unique<Impl>(path, clock, bounds)) {}
ShopStore::~ShopStore() = default;

void ShopStore::attach(AttachRequest request, Completion<AttachOutcome> done) {
  std::unique_lock lock(impl_->mutex);
  AttachOutcome out;
  const errc code = impl_->write([&] { return (out = impl_->attach(request)).code; });
  if (code != out.code) out = {code, 0, {}};
  lock.unlock();
  done(std::move(out));
}

void ShopStore::renew(std::vector<SessionLease> leases,
                      Completion<result<std::vector<errc>>> done) {
  answer_write(*impl_, done, [&](std::vector<errc>& out) {
    for (const SessionLease& lease : leases) out.push_back(impl_->renew(lease));
    return errc::ok;
  });
}

void ShopStore::expire(Nanoseconds idle, std::size_t limit,
                       Completion<result<std::vector<SessionId>>> done) {
  answer_write(*impl_, done, [&](std::vector<SessionId>& out) {
    Query row(impl_->db, "SELECT id FROM device WHERE seen <= ?", (impl_->now() - idle).ns);
    while (out.size() < limit && row.step()) out.push_back(SessionId::parse(row.text(0)).value());
    for (const SessionId& one : out) {
      impl_->run("DELETE FROM device_sent WHERE device = ?", one.to_string());
      impl_->run("DELETE FROM device WHERE id = ?", one.to_string());
    }
    return errc::ok;
  });
}

void ShopStore::append(std::unique_ptr<AppendBatch> batch,
                       Completion<std::unique_ptr<AppendBatch>> done) {
  std::unique_lock lock(impl_->mutex);
  const errc code = impl_->write([&] {
    impl_->append(*batch);
    return errc::ok;
  });
  if (code != errc::ok) batch->fail(code);
  lock.unlock();
  done(std::move(batch));
}

void ShopStore::read(ReadRequest request, Completion<result<Page>> done) {
  answer(*impl_, done, [&] { return impl_->read(request); });
}

void ShopStore::commit(Commit commit, Completion<result<Committed>> done) {
  answer_write(*impl_, done, [&](Committed& out) { return impl_->commit(commit, out); });
}

void ShopStore::get(RecordKey key, Completion<result<std::optional<Record>>> done) {
  answer(*impl_, done, [&] { return impl_->get(key); });
}

void ShopStore::scan(ScanRequest request, Completion<result<ScanPage>> done) {
  answer(*impl_, done, [&] { return impl_->scan(request); });
}

void ShopStore::events(std::uint64_t after, std::size_t limit,
                       Completion<result<std::vector<Event>>> done) {
  answer(*impl_, done, [&] { return impl_->events(after, limit); });
}

void ShopStore::erase(std::string participant, Completion<result<std::uint64_t>> done) {
  answer_write(*impl_, done, [&](std::uint64_t& out) {
    out = impl_->erase(participant);
    return errc::ok;
  });
}

Timestamp ShopStore::now() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->now();
}

}  // namespace shop
