#include "fault_client.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

namespace kefu::test {
namespace {

constexpr std::uint64_t kSessions = 4;
constexpr std::uint64_t kConversations = 4;
constexpr int kInFlight = 6;
const RecordKey kRecord{RecordKind::ticket, "counter"};

SessionId session(std::uint64_t n) { return {1, n + 1}; }
ConversationId conversation(std::uint64_t n) { return {2, n + 1}; }

/// What a message holds follows from who sends it, so that anybody can tell whether it is whole.
std::string body_of(std::uint64_t from, std::uint64_t to, std::uint64_t cseq) {
  std::string out =
      std::to_string(from) + " to " + std::to_string(to) + ", " + std::to_string(cseq) + " ";
  out.append(cseq % 97 == 0 ? 9'000 : cseq * 37 % 200, '.');  // some take pages of their own
  return out;
}
Log log_of(std::uint64_t cseq) { return cseq % 7 == 0 ? Log::internal : Log::public_log; }
bool is_refused(std::uint64_t cseq) { return cseq % 11 == 0; }

template <class T, class Call>
T ask(Call call) {
  std::promise<T> promise;
  std::future<T> future = promise.get_future();
  call(Completion<T>([&promise](T value) { promise.set_value(std::move(value)); }));
  return future.get();
}

}  // namespace

void FaultClient::run(Store& store, int calls) {
  std::map<Chain, std::uint64_t> ignored;
  if (!attach_all(store, ignored)) return;
  calls_left_ = calls;
  done_ = {};
  ++in_flight_;
  // From here on everything happens on the store's thread, one after the other.
  store.get(kRecord, [this, &store](auto) { answered(store, errc::ok); });
  done_.get_future().wait();
  // What the store does behind the last answer belongs to this run, too.
  (void)ask<result<std::optional<Record>>>([&](auto done) { store.get(kRecord, std::move(done)); });
}

bool FaultClient::attach_all(Store& store, std::map<Chain, std::uint64_t>& marks) {
  ++epoch_;
  for (std::uint64_t n = 0; n < kSessions; ++n) {
    const auto attempt = [&](bool create) {
      return ask<AttachOutcome>([&](auto done) {
        store.attach({session(n), {"somebody", Role::visitor}, epoch_, create}, std::move(done));
      });
    };
    AttachOutcome outcome = attempt(false);
    if (outcome.code == errc::session_expired) outcome = attempt(true);
    if (outcome.code != errc::ok) return false;
    for (const Mark& mark : outcome.marks) marks[{n, mark.conversation.lo - 1}] = mark.accepted;
  }
  return true;
}

void FaultClient::pump(Store& store) {
  while (calls_left_ > 0 && in_flight_ < kInFlight) {
    --calls_left_;
    ++in_flight_;
    if (!committing_ && random_.chance(0.1)) {
      commit(store);
    } else {
      append(store);
    }
  }
  if (in_flight_ == 0) done_.set_value();
}

void FaultClient::append(Store& store) {
  auto batch = std::make_unique<AppendBatch>();
  const std::uint64_t size = random_.chance(0.05) ? 200 : random_.between(1, 8);
  for (std::uint64_t i = 0; i < size; ++i) {
    const Chain chain{random_.below(kSessions), random_.below(kConversations)};
    Known& known = chains_[chain];
    const std::uint64_t cseq = known.next++;
    known.sent = std::max(known.sent, cseq);
    const std::string body = body_of(chain.first, chain.second, cseq);
    Draft draft;
    draft.session = session(chain.first);
    draft.epoch = epoch_;
    draft.conversation = conversation(chain.second);
    draft.cseq = cseq;
    draft.digest = cseq * 0x9e37'79b9'7f4a'7c15u;
    draft.log = log_of(cseq);
    if (is_refused(cseq)) draft.refusal = errc::denied;
    draft.from = "somebody";
    draft.kind = kind::kText;
    draft.body = body;
    batch->add(draft);
    if (random_.chance(0.05)) batch->add(draft);  // the same twice
  }
  store.append(std::move(batch), [this, &store](std::unique_ptr<AppendBatch> back) {
    for (std::size_t i = 0; i < back->size(); ++i) take(back->drafts()[i], back->outcomes()[i]);
    answered(store, back->outcomes().front().code);
  });
}

void FaultClient::take(const Draft& draft, const Outcome& outcome) {
  Known& known = chains_[{draft.session.lo - 1, draft.conversation.lo - 1}];
  if (outcome.code == errc::ok || outcome.code == errc::denied) {
    const auto [at, fresh] = known.seqs.emplace(draft.cseq, outcome.seq);
    if (fresh) ++counts_.acknowledged;
    if (at->second != outcome.seq) ++counts_.wrong;
  } else {
    // Not stored, or nobody knows: it is sent again, and what was sent behind it met a gap.
    known.next = std::min(known.next, draft.cseq);
  }
}

void FaultClient::commit(Store& store) {
  committing_ = true;
  Commit commit;
  commit.changes.push_back({kRecord, committed_, "value", {{"by", "key"}}});
  Entry entry;
  entry.conversation = conversation(0);
  entry.kind = kind::kText;
  entry.body = "commit";
  commit.entries.push_back(std::move(entry));
  store.commit(std::move(commit), [this, &store](result<Committed> done) {
    committing_ = false;
    if (done) committed_ = (*done).versions.front();
    answered(store, done ? errc::ok : done.error());
  });
}

void FaultClient::answered(Store& store, errc code) {
  --in_flight_;
  if (code == errc::store_failed || code == errc::store_full) ++counts_.refused;
  pump(store);
}

// ---- afterwards

void FaultClient::check(Store& store, bool whole) {
  std::map<Chain, std::uint64_t> marks;
  if (!attach_all(store, marks)) throw std::runtime_error("a sound store does not attach");
  system_entries_ = 0;
  Found found = read_logs(store);
  for (std::uint64_t n = 0; n < kSessions; ++n) {
    for (std::uint64_t to = 0; to < kConversations; ++to)
      check_chain({n, to}, marks[{n, to}], found[{n, to}], whole);
  }
  check_commits(store, system_entries_, whole);
}

FaultClient::Found FaultClient::read_logs(Store& store) {
  Found found;
  std::uint64_t entries = 0;
  for (std::uint64_t to = 0; to < kConversations; ++to) {
    entries += read_log(store, to, Log::public_log, found);
    entries += read_log(store, to, Log::internal, found);
  }
  const auto events = ask<result<std::vector<Event>>>(
      [&](auto done) { store.events(0, 1'000'000, std::move(done)); });
  if (!events || (*events).size() != entries) ++counts_.wrong;
  return found;
}

std::uint64_t FaultClient::read_log(Store& store, std::uint64_t to, Log log, Found& found) {
  for (std::uint64_t after = 0;;) {
    const auto page = ask<result<Page>>([&](auto done) {
      store.read({conversation(to), log, after, random_.between(1, 400), 100'000}, std::move(done));
    });
    if (!page)
      throw std::runtime_error("a sound store does not read: " + std::string(name(page.error())));
    for (const Entry& entry : (*page).entries) {
      if (entry.seq != ++after) ++counts_.wrong;
      check_entry(entry, found);
    }
    if (after == (*page).tail) return after;
    if ((*page).entries.empty()) throw std::runtime_error("a log ends before its tail");
  }
}

void FaultClient::check_entry(const Entry& entry, Found& found) {
  if (entry.origin.session.is_nil()) {
    ++system_entries_;
    return;
  }
  const Chain chain{entry.origin.session.lo - 1, entry.conversation.lo - 1};
  const std::uint64_t cseq = entry.origin.cseq;
  if (entry.body != body_of(chain.first, chain.second, cseq) || entry.log != log_of(cseq) ||
      is_refused(cseq))
    ++counts_.wrong;
  if (!found[chain].emplace(cseq, entry.seq).second) ++counts_.doubled;
}

void FaultClient::check_chain(Chain chain, std::uint64_t mark,
                              std::map<std::uint64_t, std::uint64_t>& stored, bool whole) {
  Known& known = chains_[chain];
  if (mark > known.sent) ++counts_.wrong;
  for (std::uint64_t cseq = 1; cseq <= mark; ++cseq) {
    if (is_refused(cseq)) stored[cseq] = 0;
  }
  // Everything up to the mark is stored, nothing behind it.
  if (stored.size() != mark || (mark && stored.rbegin()->first != mark)) ++counts_.wrong;
  for (const auto& [cseq, seq] : known.seqs) {
    const auto at = stored.find(cseq);
    if (at == stored.end()) {
      ++(whole ? counts_.lost : counts_.cut_off);
    } else if (at->second != seq) {
      ++counts_.wrong;
    }
  }
  for (const auto& [cseq, seq] : stored) counts_.unheard += known.seqs.count(cseq) == 0;
  known.seqs = stored;
  known.next = mark + 1;
  known.sent = mark;
}

void FaultClient::check_commits(Store& store, std::uint64_t entries, bool whole) {
  const auto record =
      ask<result<std::optional<Record>>>([&](auto done) { store.get(kRecord, std::move(done)); });
  if (!record) throw std::runtime_error("a sound store does not get");
  const std::uint64_t version = *record ? (*record)->version : 0;
  if (version < committed_) ++(whole ? counts_.lost : counts_.cut_off);
  if (version > committed_ + 1 || version != entries) ++counts_.wrong;
  committed_ = version;
}

}  // namespace kefu::test
