#include "mutants.hpp"

#include <algorithm>
#include <bit>
#include <tuple>
#include <utility>

#include "hub/hints.hpp"

namespace kefu::sim {
namespace {

std::unique_ptr<AppendBatch> copy_of(const AppendBatch& batch) {
  auto copy = std::make_unique<AppendBatch>();
  for (const Draft& draft : batch.drafts()) copy->add(draft);
  return copy;
}

/// Appends those drafts of the batch that are not `answered`: outcomes by their places.
void append_rest(Store& store, std::unique_ptr<AppendBatch> batch,
                 std::map<std::size_t, Outcome> answered,
                 Completion<std::unique_ptr<AppendBatch>> done) {
  auto rest = std::make_unique<AppendBatch>();
  for (std::size_t i = 0; i < batch->size(); ++i) {
    if (!answered.contains(i)) rest->add(batch->drafts()[i]);
  }
  store.append(std::move(rest),
               [batch = std::move(batch), answered = std::move(answered),
                done = std::move(done)](std::unique_ptr<AppendBatch> back) mutable {
                 batch->outcomes().clear();
                 std::size_t next = 0;
                 for (std::size_t i = 0; i < batch->size(); ++i) {
                   const auto known = answered.find(i);
                   batch->outcomes().push_back(known == answered.end() ? back->outcomes()[next++]
                                                                       : known->second);
                 }
                 done(std::move(batch));
               });
}

}  // namespace

// ---- LosingStore

LosingStore::LosingStore(const Clock& clock, limits bounds)
    : clock_(clock),
      bounds_(bounds),
      store_(std::make_unique<memory::Store>(replay_clock_, bounds_)) {}

Store& LosingStore::write(std::function<void(Store&)> again) {
  replay_clock_.set(clock_.now());
  writes_.push_back({clock_.now(), std::move(again)});
  return *store_;
}

void LosingStore::lose(Nanoseconds lag) {
  const Timestamp end = clock_.now() - lag;
  while (!writes_.empty() && writes_.back().at > end) writes_.pop_back();
  store_ = std::make_unique<memory::Store>(replay_clock_, bounds_);
  for (const Write& write : writes_) {
    replay_clock_.set(write.at);
    write.again(*store_);
  }
}

void LosingStore::attach(AttachRequest request, Completion<AttachOutcome> done) {
  Store& store =
      write([request](Store& to) { to.attach(request, [](const AttachOutcome& /*again*/) {}); });
  store.attach(std::move(request), std::move(done));
}
void LosingStore::renew(std::vector<SessionLease> leases,
                        Completion<result<std::vector<errc>>> done) {
  Store& store = write(
      [leases](Store& to) { to.renew(leases, [](const result<std::vector<errc>>& /*again*/) {}); });
  store.renew(std::move(leases), std::move(done));
}
void LosingStore::expire(Nanoseconds idle, std::size_t limit,
                         Completion<result<std::vector<SessionId>>> done) {
  Store& store = write([idle, limit](Store& to) {
    to.expire(idle, limit, [](const result<std::vector<SessionId>>& /*again*/) {});
  });
  store.expire(idle, limit, std::move(done));
}
void LosingStore::append(std::unique_ptr<AppendBatch> batch,
                         Completion<std::unique_ptr<AppendBatch>> done) {
  const std::shared_ptr<AppendBatch> kept = copy_of(*batch);
  Store& store = write([kept](Store& to) {
    to.append(copy_of(*kept), [](const std::unique_ptr<AppendBatch>& /*again*/) {});
  });
  store.append(std::move(batch), std::move(done));
}
void LosingStore::commit(Commit commit, Completion<result<Committed>> done) {
  Store& store =
      write([commit](Store& to) { to.commit(commit, [](const result<Committed>& /*again*/) {}); });
  store.commit(std::move(commit), std::move(done));
}
void LosingStore::erase(std::string participant, Completion<result<std::uint64_t>> done) {
  Store& store = write([participant](Store& to) {
    to.erase(participant, [](const result<std::uint64_t>& /*again*/) {});
  });
  store.erase(std::move(participant), std::move(done));
}
void LosingStore::read(ReadRequest request, Completion<result<Page>> done) {
  store_->read(request, std::move(done));
}
void LosingStore::get(RecordKey key, Completion<result<std::optional<Record>>> done) {
  store_->get(std::move(key), std::move(done));
}
void LosingStore::scan(ScanRequest request, Completion<result<ScanPage>> done) {
  store_->scan(std::move(request), std::move(done));
}
void LosingStore::events(std::uint64_t after, std::size_t limit,
                         Completion<result<std::vector<Event>>> done) {
  store_->events(after, limit, std::move(done));
}

// ---- RepeatingStore

void RepeatingStore::append(std::unique_ptr<AppendBatch> batch,
                            Completion<std::unique_ptr<AppendBatch>> done) {
  inner().append(std::move(batch),
                 [this, done = std::move(done)](std::unique_ptr<AppendBatch> back) mutable {
                   for (std::size_t i = 0; i < back->size(); ++i) {
                     Outcome& outcome = back->outcomes()[i];
                     if (outcome.code != errc::ok || !outcome.repeated) continue;
                     const Draft& draft = back->drafts()[i];
                     Entry entry;
                     entry.conversation = draft.conversation;
                     entry.log = draft.log;
                     entry.from = draft.from;
                     entry.role = draft.role;
                     entry.origin = {draft.session, draft.cseq};
                     entry.kind = draft.kind;
                     entry.body = draft.body;
                     Commit commit;
                     commit.entries.push_back(std::move(entry));
                     inner().commit(std::move(commit), [&outcome](result<Committed> committed) {
                       outcome.repeated = false;
                       outcome.seq = committed->entries[0].seq;
                     });
                   }
                   done(std::move(back));
                 });
}

// ---- UnfencedStore

void UnfencedStore::attach(AttachRequest request, Completion<AttachOutcome> done) {
  const SessionId session = request.session;
  inner().attach(std::move(request),
                 [this, session, done = std::move(done)](AttachOutcome outcome) mutable {
                   if (outcome.code == errc::ok) epochs_[session] = outcome.epoch;
                   done(std::move(outcome));
                 });
}
void UnfencedStore::renew(std::vector<SessionLease> leases,
                          Completion<result<std::vector<errc>>> done) {
  for (SessionLease& lease : leases) lease.epoch = epochs_[lease.session];
  inner().renew(std::move(leases), std::move(done));
}
void UnfencedStore::append(std::unique_ptr<AppendBatch> batch,
                           Completion<std::unique_ptr<AppendBatch>> done) {
  std::vector<std::uint64_t> own;
  for (Draft& draft : batch->drafts()) {
    own.push_back(draft.epoch);
    draft.epoch = epochs_[draft.session];
  }
  inner().append(std::move(batch), [own = std::move(own), done = std::move(done)](
                                       std::unique_ptr<AppendBatch> back) mutable {
    for (std::size_t i = 0; i < own.size(); ++i) back->drafts()[i].epoch = own[i];
    done(std::move(back));
  });
}

// ---- HyperLogLogStore

// True when the register that it falls into goes up.
bool HyperLogLogStore::add(const Draft& draft) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325u;
  for (const std::uint64_t part : {draft.session.hi, draft.session.lo, draft.conversation.hi,
                                   draft.conversation.lo, draft.cseq}) {
    hash = (hash ^ part) * 0xff51'afd7'ed55'8ccdu;
    hash ^= hash >> 32;
  }
  std::uint8_t& at = registers_[hash & (registers_.size() - 1)];
  const auto rank = static_cast<std::uint8_t>(std::countl_zero(hash | (1u << 14)) + 1);
  if (rank <= at) return false;
  at = rank;
  return true;
}

void HyperLogLogStore::append(std::unique_ptr<AppendBatch> batch,
                              Completion<std::unique_ptr<AppendBatch>> done) {
  std::map<std::size_t, Outcome> seen;
  for (std::size_t i = 0; i < batch->size(); ++i) {
    if (add(batch->drafts()[i])) continue;
    Outcome outcome;
    outcome.code = errc::ok;
    outcome.repeated = true;
    outcome.seq = 1;
    outcome.at = now();
    seen[i] = outcome;
  }
  append_rest(inner(), std::move(batch), std::move(seen), std::move(done));
}

// ---- LocallyFencedStore

void LocallyFencedStore::attach(AttachRequest request, Completion<AttachOutcome> done) {
  const SessionId session = request.session;
  inner().attach(std::move(request),
                 [this, session, done = std::move(done)](AttachOutcome outcome) mutable {
                   if (outcome.code == errc::ok) epochs_[session] = outcome.epoch;
                   done(std::move(outcome));
                 });
}

void LocallyFencedStore::append(std::unique_ptr<AppendBatch> batch,
                                Completion<std::unique_ptr<AppendBatch>> done) {
  std::map<std::size_t, Outcome> fenced;
  for (std::size_t i = 0; i < batch->size(); ++i) {
    const Draft& draft = batch->drafts()[i];
    const std::uint64_t epoch = epochs_[draft.session];
    if (draft.epoch >= epoch) continue;
    Outcome outcome;
    outcome.code = errc::fenced;
    outcome.expected = epoch;
    fenced[i] = outcome;
  }
  append_rest(inner(), std::move(batch), std::move(fenced), std::move(done));
}

// ---- ForgetfulStore

void ForgetfulStore::attach(AttachRequest request, Completion<AttachOutcome> done) {
  AttachRequest again = request;
  again.create = true;
  inner().attach(std::move(request), [this, again = std::move(again),
                                      done = std::move(done)](AttachOutcome outcome) mutable {
    if (outcome.code != errc::session_expired) return done(std::move(outcome));
    inner().attach(std::move(again), std::move(done));
  });
}

// ---- HintTrustingStore

HintTrustingStore::HintTrustingStore(Store& inner, Bus* bus) : StoreWrapper(inner) {
  if (bus) hints_ = bus->subscribe(std::string(hub::kTailsTopic), hear, this);
}

void HintTrustingStore::hear(void* self, std::string_view /*topic*/, std::string_view bytes) {
  for (const Tail& tail : hub::decode_tails(bytes))
    static_cast<HintTrustingStore*>(self)->named_[{tail.conversation, tail.log}] = tail.seq;
}

void HintTrustingStore::read(ReadRequest request, Completion<result<Page>> done) {
  const auto named = named_.find({request.conversation, request.log});
  const std::uint64_t next = request.after + 1;
  if (named == named_.end() || named->second <= next) return inner().read(request, std::move(done));
  request.after = named->second - 1;
  request.max_entries = 1;
  inner().read(request, [next, done = std::move(done)](result<Page> page) mutable {
    if (page && !page->entries.empty()) page->entries.front().seq = next;
    done(std::move(page));
  });
}

// ---- IdOrderedStore

void IdOrderedStore::read(ReadRequest request, Completion<result<Page>> done) {
  const std::uint64_t first = request.after + 1;
  inner().read(request, [first, done = std::move(done)](result<Page> page) mutable {
    if (!page) return done(std::move(page));
    std::ranges::stable_sort(page->entries, {}, [](const Entry& entry) {
      return std::tuple(entry.origin.session, entry.origin.cseq);
    });
    std::uint64_t next = first;
    for (Entry& entry : page->entries) entry.seq = next++;
    done(std::move(page));
  });
}

// ---- UnorderedStore

void UnorderedStore::append(std::unique_ptr<AppendBatch> batch,
                            Completion<std::unique_ptr<AppendBatch>> done) {
  std::vector<Draft>& drafts = batch->drafts();
  for (std::size_t i = 0; i + 1 < drafts.size(); ++i) {
    const Draft& next = drafts[i + 1];
    if (drafts[i].session != next.session || drafts[i].conversation != next.conversation) continue;
    std::swap(drafts[i], drafts[i + 1]);
    ++i;
  }
  inner().append(std::move(batch), std::move(done));
}

// ---- LateVerdictStore

void LateVerdictStore::append(std::unique_ptr<AppendBatch> batch,
                              Completion<std::unique_ptr<AppendBatch>> done) {
  for (Draft& draft : batch->drafts()) {
    const std::string original = Court::original(draft.body);
    if (draft.judged == Draft::Judged::not_yet || court_.sentences(original).empty()) continue;
    const Court::Sentence late = court_.in_spite_of_deadline(original);
    draft.refusal = late.denied ? errc::denied : errc::ok;
    draft.body = batch->keep(late.body);
    draft.tags = batch->keep(late.tags);
  }
  inner().append(std::move(batch), std::move(done));
}

// ---- WatchedStore

void WatchedStore::attach(AttachRequest request, Completion<AttachOutcome> done) {
  const SessionId session = request.session;
  inner().attach(std::move(request), [&checker = checker_, session,
                                      done = std::move(done)](AttachOutcome outcome) mutable {
    if (outcome.code == errc::ok) checker.on_attached(session, outcome.epoch);
    done(std::move(outcome));
  });
}
void WatchedStore::append(std::unique_ptr<AppendBatch> batch,
                          Completion<std::unique_ptr<AppendBatch>> done) {
  std::vector<bool> fenced;
  fenced.reserve(batch->size());
  for (const Draft& draft : batch->drafts()) {
    checker_.on_draft(draft);
    fenced.push_back(draft.epoch < checker_.epoch_of(draft.session));
  }
  inner().append(std::move(batch), [&checker = checker_, fenced = std::move(fenced),
                                    done = std::move(done)](
                                       std::unique_ptr<AppendBatch> back) mutable {
    for (std::size_t i = 0; i < fenced.size(); ++i) {
      const Outcome& outcome = back->outcomes()[i];
      if (fenced[i] && outcome.code == errc::ok && !outcome.repeated)
        checker.fail("fenced: an older connection stored " + std::string(back->drafts()[i].body));
    }
    done(std::move(back));
  });
}

}  // namespace kefu::sim
