// The reference: what the port says, in the plainest containers. One mutex; completions are called
// after it is released.
#include <algorithm>
#include <kefu/core/ledger.hpp>
#include <kefu/core/text_match.hpp>
#include <kefu/memory/store.hpp>
#include <map>
#include <mutex>
#include <set>
#include <tuple>
#include <unordered_map>

#include "scan_cursor.hpp"

namespace kefu::inline v0::memory {
namespace {

struct Session {
  std::string participant;
  core::SessionLedger ledger;
  Timestamp seen;  ///< last attached or renewed
};

struct Conversation {
  core::ConversationHead head;
  std::vector<std::size_t> logs[2];  ///< seq - 1 to the place in Impl::entries
};

struct StoredRecord {
  std::uint64_t version = 0;
  std::string value;
  std::vector<IndexKey> index;
};

// (kind, index, index key, record id): the order of a scan.
using IndexEntry = std::tuple<RecordKind, std::string, std::string, std::string>;

}  // namespace

struct Store::Impl {
  Impl(const Clock& with_clock, limits with_bounds) : clock(with_clock), bounds(with_bounds) {}

  const Clock& clock;
  const limits bounds;

  std::mutex mutex;
  Timestamp latest;  ///< the highest time given out
  std::unordered_map<SessionId, Session> sessions;
  std::unordered_map<ConversationId, Conversation> conversations;
  std::vector<Entry>
      entries;  ///< of all logs in commit order; an event's position is its place + 1
  std::map<RecordKey, StoredRecord> records;
  std::set<IndexEntry> index;

  Timestamp now() { return latest = std::max(latest, clock.now()); }

  AttachOutcome attach(const AttachRequest& request) {
    AttachOutcome outcome;
    const auto found = sessions.find(request.session);
    const bool exists = found != sessions.end();
    if (request.create == exists) {
      outcome.code = exists ? errc::conflict : errc::session_expired;
      return outcome;
    }
    if (exists && found->second.participant != request.participant.id) {
      outcome.code = errc::denied;
      return outcome;
    }
    if (exists) outcome.epoch = found->second.ledger.epoch;
    if (request.epoch <= outcome.epoch) {
      outcome.code = errc::stale_epoch;
      return outcome;
    }
    Session& session = sessions[request.session];
    session.participant = request.participant.id;
    session.seen = now();
    session.ledger.epoch = outcome.epoch = request.epoch;
    for (const auto& [conversation, mark] : session.ledger.entries()) {
      if (mark.accepted()) outcome.marks.push_back({conversation, mark.accepted()});
    }
    return outcome;
  }

  std::vector<errc> renew(const std::vector<SessionLease>& leases) {
    std::vector<errc> out;
    out.reserve(leases.size());
    for (const SessionLease& lease : leases) {
      const auto found = sessions.find(lease.session);
      if (found == sessions.end()) {
        out.push_back(errc::session_expired);
      } else if (found->second.ledger.epoch != lease.epoch) {
        out.push_back(errc::fenced);
      } else {
        found->second.seen = now();
        out.push_back(errc::ok);
      }
    }
    return out;
  }

  std::vector<SessionId> expire(Nanoseconds idle, std::size_t limit) {
    const Timestamp before = now() - idle;
    std::vector<SessionId> out;
    for (auto at = sessions.begin(); at != sessions.end() && out.size() < limit;) {
      if (at->second.seen > before) {
        ++at;
        continue;
      }
      out.push_back(at->first);
      at = sessions.erase(at);
    }
    return out;
  }

  /// Puts an entry behind the tail that `place` was taken from.
  void put(Entry entry, core::ConversationLog::Place place, Timestamp at) {
    entry.seq = place.seq;
    entry.after = place.after;
    entry.at = at;
    conversations[entry.conversation].logs[static_cast<std::size_t>(entry.log)].push_back(
        entries.size());
    entries.push_back(std::move(entry));
  }

  void append(AppendBatch& batch) {
    const Timestamp at = now();
    std::vector<Outcome>& outcomes = batch.outcomes();
    outcomes.assign(batch.size(), Outcome{});
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const Draft& draft = batch.drafts()[i];
      const auto found = sessions.find(draft.session);
      core::SessionLedger* const ledger = found == sessions.end() ? nullptr : &found->second.ledger;
      // A draft that fails must not leave a conversation behind: it may name any id.
      const auto known = conversations.find(draft.conversation);
      core::ConversationHead head =
          known == conversations.end() ? core::ConversationHead{} : known->second.head;
      if (!core::judge(draft, ledger, head, bounds.window, at, outcomes[i]) ||
          outcomes[i].code != errc::ok)
        continue;
      conversations[draft.conversation].head = head;
      Entry entry;
      entry.conversation = draft.conversation;
      entry.log = draft.log;
      entry.from = draft.from;
      entry.role = draft.role;
      entry.origin = {draft.session, draft.cseq};
      entry.kind = draft.kind;
      entry.body = draft.body;
      entry.tags = draft.tags;
      put(std::move(entry), {outcomes[i].seq, outcomes[i].after}, at);
    }
  }

  Page read(const ReadRequest& request) const {
    Page page;
    const auto found = conversations.find(request.conversation);
    if (found == conversations.end()) return page;
    const std::vector<std::size_t>& log = found->second.logs[static_cast<std::size_t>(request.log)];
    page.tail = log.size();
    std::size_t bytes = 0;
    for (std::uint64_t seq = request.after;
         seq < log.size() && page.entries.size() < request.max_entries; ++seq) {
      const Entry& entry = entries[log[seq]];
      bytes += entry.body.size();
      if (!page.entries.empty() && bytes > request.max_bytes) break;
      page.entries.push_back(entry);
    }
    return page;
  }

  /// The version that each changed record will have, or a conflict. Changes see the ones before
  /// them.
  result<std::vector<std::uint64_t>> check(const std::vector<Change>& changes) const {
    std::map<RecordKey, std::uint64_t> versions;
    std::vector<std::uint64_t> out;
    out.reserve(changes.size());
    for (const Change& change : changes) {
      const auto stored = records.find(change.key);
      const std::uint64_t current = stored == records.end() ? 0 : stored->second.version;
      std::uint64_t& version = versions.try_emplace(change.key, current).first->second;
      if (version != change.expected) return errc::conflict;
      version = change.value ? version + 1 : 0;
      out.push_back(version);
    }
    return out;
  }

  void apply(Change change, std::uint64_t version) {
    if (change.key.kind == RecordKind::conversation) {
      if (const auto id = ConversationId::parse(change.key.id))
        conversations[*id].head.version = version;
    }
    const auto old = records.find(change.key);
    if (old != records.end()) {
      for (const IndexKey& key : old->second.index)
        index.erase({change.key.kind, key.index, key.key, change.key.id});
      if (!change.value) records.erase(old);
    }
    if (!change.value) return;
    for (const IndexKey& key : change.index)
      index.insert({change.key.kind, key.index, key.key, change.key.id});
    records[std::move(change.key)] = {version, *std::move(change.value), std::move(change.index)};
  }

  Entry* find(const Redaction& of) {
    const auto found = conversations.find(of.conversation);
    if (found == conversations.end()) return nullptr;
    const std::vector<std::size_t>& log = found->second.logs[static_cast<std::size_t>(of.log)];
    return of.seq >= 1 && of.seq <= log.size() ? &entries[log[of.seq - 1]] : nullptr;
  }

  result<Committed> commit(Commit commit) {
    result<std::vector<std::uint64_t>> versions = check(commit.changes);
    if (!versions) return versions.error();
    for (const Redaction& redaction : commit.redactions) {
      const Entry* const entry = find(redaction);
      if (!entry) return errc::not_found;
      if (entry->tags == redaction.tags) return errc::conflict;
    }
    for (Redaction& redaction : commit.redactions) {
      Entry& entry = *find(redaction);
      std::string().swap(entry.body);
      entry.tags = std::move(redaction.tags);
    }
    for (std::size_t i = 0; i < commit.changes.size(); ++i)
      apply(std::move(commit.changes[i]), (*versions)[i]);
    Committed committed{*std::move(versions), {}};
    const Timestamp at = now();
    for (Entry& entry : commit.entries) {
      const core::ConversationLog::Place place =
          conversations[entry.conversation].head.log.append(entry.log);
      put(std::move(entry), place, at);
      committed.entries.push_back(entries.back());
    }
    return committed;
  }

  std::optional<Record> get(const RecordKey& key) const {
    const auto found = records.find(key);
    if (found == records.end()) return std::nullopt;
    return Record{key, found->second.version, found->second.value};
  }

  result<ScanPage> scan(const ScanRequest& request) const {
    auto at = index.lower_bound({request.kind, request.index, request.prefix, {}});
    if (!request.after.empty()) {
      auto cursor = detail::parse_scan_cursor(request.after);
      if (!cursor) return errc::bad_frame;
      at = index.upper_bound(
          {request.kind, request.index, std::move(cursor->first), std::move(cursor->second)});
    }
    ScanPage page;
    std::string last;
    for (; at != index.end(); ++at) {
      const auto& [kind, name, key, id] = *at;
      if (kind != request.kind || name != request.index || !key.starts_with(request.prefix)) break;
      if (page.records.size() == request.limit) {
        page.next = last;
        break;
      }
      page.records.push_back(*get({kind, id}));
      last = detail::make_scan_cursor(key, id);
    }
    return page;
  }

  std::vector<Event> events(std::uint64_t after, std::size_t limit) const {
    std::vector<Event> out;
    for (std::uint64_t position = after; position < entries.size() && out.size() < limit;
         ++position) {
      out.push_back({position + 1, entries[position]});
    }
    return out;
  }

  std::uint64_t erase(const std::string& participant) {
    std::uint64_t emptied = 0;
    for (Entry& entry : entries) {
      if (entry.from != participant || entry.body.empty()) continue;
      std::string().swap(entry.body);
      ++emptied;
    }
    std::erase_if(sessions,
                  [&](const auto& session) { return session.second.participant == participant; });
    return emptied;
  }

  SearchPage search(const SearchRequest& request) const {
    SearchPage page;
    const std::uint64_t end = request.before == 0 ? entries.size() : request.before - 1;
    const core::TextMatch matches(request.text);
    std::size_t looked = 0;
    for (std::uint64_t position = std::min<std::uint64_t>(end, entries.size()); position > 0;
         --position) {
      if (++looked > request.max_scan || page.entries.size() == request.limit) {
        page.next = position + 1;
        break;
      }
      const Entry& entry = entries[position - 1];
      const bool meant =
          request.within.empty() ||
          std::ranges::find(request.within, entry.conversation) != request.within.end();
      if (meant && !entry.from.empty() && (request.internal || entry.log == Log::public_log) &&
          matches(entry.body))
        page.entries.push_back({position, entry});
    }
    return page;
  }

  /// Runs a step under the mutex and completes behind it.
  template <class T, class Step>
  void answer(Completion<T>& done, Step step) {
    std::unique_lock lock(mutex);
    T out = step();
    lock.unlock();
    done(std::move(out));
  }
};

Store::Store(const Clock& clock, limits bounds) : impl_(std::make_unique<Impl>(clock, bounds)) {}
Store::~Store() = default;

void Store::attach(AttachRequest request, Completion<AttachOutcome> done) {
  impl_->answer(done, [&] { return impl_->attach(request); });
}

void Store::renew(std::vector<SessionLease> leases, Completion<result<std::vector<errc>>> done) {
  impl_->answer(done, [&]() -> result<std::vector<errc>> { return impl_->renew(leases); });
}

void Store::expire(Nanoseconds idle, std::size_t limit,
                   Completion<result<std::vector<SessionId>>> done) {
  impl_->answer(done,
                [&]() -> result<std::vector<SessionId>> { return impl_->expire(idle, limit); });
}

void Store::append(std::unique_ptr<AppendBatch> batch,
                   Completion<std::unique_ptr<AppendBatch>> done) {
  impl_->answer(done, [&] {
    impl_->append(*batch);
    return std::move(batch);
  });
}

void Store::read(ReadRequest request, Completion<result<Page>> done) {
  impl_->answer(done, [&]() -> result<Page> { return impl_->read(request); });
}

void Store::tails(std::vector<Tail> logs, Completion<result<std::vector<Tail>>> done) {
  impl_->answer(done, [&]() -> result<std::vector<Tail>> {
    for (Tail& tail : logs) {
      const auto found = impl_->conversations.find(tail.conversation);
      tail.seq = found == impl_->conversations.end()
                     ? 0
                     : found->second.logs[static_cast<std::size_t>(tail.log)].size();
    }
    return std::move(logs);
  });
}

void Store::commit(Commit commit, Completion<result<Committed>> done) {
  impl_->answer(done, [&] { return impl_->commit(std::move(commit)); });
}

void Store::get(RecordKey key, Completion<result<std::optional<Record>>> done) {
  impl_->answer(done, [&]() -> result<std::optional<Record>> { return impl_->get(key); });
}

void Store::scan(ScanRequest request, Completion<result<ScanPage>> done) {
  impl_->answer(done, [&] { return impl_->scan(request); });
}

void Store::events(std::uint64_t after, std::size_t limit,
                   Completion<result<std::vector<Event>>> done) {
  impl_->answer(done, [&]() -> result<std::vector<Event>> { return impl_->events(after, limit); });
}

void Store::erase(std::string participant, Completion<result<std::uint64_t>> done) {
  impl_->answer(done, [&]() -> result<std::uint64_t> { return impl_->erase(participant); });
}

void Store::search(SearchRequest request, Completion<result<SearchPage>> done) {
  impl_->answer(done, [&]() -> result<SearchPage> { return impl_->search(request); });
}

Timestamp Store::now() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->now();
}

}  // namespace kefu::inline v0::memory
