// Stores that break one promise of the desk each, for whole Hubs. The Checker must find every one.
#pragma once

#include <kefu/desk_keys.hpp>
#include <kefu/store.hpp>
#include <kefu/wire/records.hpp>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "world.hpp"

namespace kefu::sim {

/// Slots are written without their version.
class VersionlessAgents final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void commit(Commit commit, Completion<result<Committed>> done) override {
    for (Change& change : commit.changes) {
      if (change.key.kind != RecordKind::agent) continue;
      inner().get(change.key, [&](result<std::optional<Record>> now) {
        if (now) change.expected = *now ? (**now).version : 0;
      });
    }
    inner().commit(std::move(commit), std::move(done));
  }
};

/// The record that makes find-or-create atomic is never written.
class LooseOpens final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void commit(Commit commit, Completion<result<Committed>> done) override {
    std::vector<std::ptrdiff_t> dropped;
    for (std::ptrdiff_t at = std::ssize(commit.changes); at-- > 0;) {
      const auto change = commit.changes.begin() + at;
      if (change->key.kind != RecordKind::open_conversation) continue;
      commit.changes.erase(change);
      dropped.insert(dropped.begin(), at);
    }
    inner().commit(std::move(commit), [dropped, done = std::move(done)](auto committed) mutable {
      for (const std::ptrdiff_t at : dropped) {
        if (committed) committed->versions.insert(committed->versions.begin() + at, 1);
      }
      done(std::move(committed));
    });
  }
};

/// Every node's lease looks as if it had been valid for ever.
class OldLeases final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void get(RecordKey key, Completion<result<std::optional<Record>>> done) override {
    if (!key.id.starts_with(kNodePrefix)) return inner().get(std::move(key), std::move(done));
    const RecordKey asked = key;
    inner().get(std::move(key),
                [asked, done = std::move(done)](result<std::optional<Record>> found) mutable {
                  if (found && *found) {
                    DeskRecord record = *wire::decode_record(asked, (**found).value);
                    std::get<NodeLease>(record).since = {};
                    (**found).value = wire::encode_record(record);
                  }
                  done(std::move(found));
                });
  }
};

/// Now and then the outbox begins behind the first event that should come.
class GappyOutbox final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void events(std::uint64_t after, std::size_t limit,
              Completion<result<std::vector<Event>>> done) override {
    const bool skips = ++calls_ % 100 == 0;
    inner().events(after, limit, [skips, done = std::move(done)](auto events) mutable {
      if (skips && events && events->size() > 1) events->erase(events->begin());
      done(std::move(events));
    });
  }

 private:
  std::uint64_t calls_ = 0;
};

/// That a visitor has left is never kept.
class DeafToLeaving final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void commit(Commit commit, Completion<result<Committed>> done) override {
    for (Change& change : commit.changes) {
      if (change.key.kind != RecordKind::conversation || !change.value) continue;
      Conversation c = *wire::decode_conversation(*change.value);
      c.gone_until.reset();
      change.value = wire::encode_record(c);
      change.index = indexes_of(c);
    }
    inner().commit(std::move(commit), std::move(done));
  }
};

/// The list of visitors who have left looks empty.
class NobodyHasLeft final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void scan(ScanRequest request, Completion<result<ScanPage>> done) override {
    if (request.index == index::kGone) return done(ScanPage{});
    inner().scan(std::move(request), std::move(done));
  }
};

/// What is taken back keeps its text, or is told to nobody.
class HalfRecalls final : public StoreWrapper {
 public:
  HalfRecalls(Store& inner, bool told) : StoreWrapper(inner), told_(told) {}
  void commit(Commit commit, Completion<result<Committed>> done) override {
    if (!commit.redactions.empty()) {
      told_ ? commit.redactions.clear() : commit.entries.clear();
    }
    inner().commit(std::move(commit), std::move(done));
  }

 private:
  const bool told_;
};

/// Everybody searches everywhere.
class OpenSearch final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void search(SearchRequest request, Completion<result<SearchPage>> done) override {
    request.internal = true;
    inner().search(std::move(request), std::move(done));
  }
};

/// Of what belongs to somebody the oldest is not found.
class ShortLists final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void scan(ScanRequest request, Completion<result<ScanPage>> done) override {
    const bool all = request.index == index::kAllOf;
    inner().scan(std::move(request), [all, done = std::move(done)](auto page) mutable {
      if (all && page && page->records.size() > 1) page->records.pop_back();
      done(std::move(page));
    });
  }
};

/// What has joined the queue stays in the list of all that wait.
class LongMemory final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void scan(ScanRequest request, Completion<result<ScanPage>> done) override {
    const bool all = request.index == index::kQueue && request.prefix.empty();
    inner().scan(std::move(request), [this, all, done = std::move(done)](auto page) mutable {
      if (all && page) {
        for (const Record& record : page->records) waited_[record.key.id] = record;
        page->records.clear();
        for (const auto& [id, record] : waited_) page->records.push_back(record);
      }
      done(std::move(page));
    });
  }

 private:
  std::map<std::string, Record> waited_;
};

/// Whoever asks for all that wait is told of nobody.
class EmptyQueues final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void scan(ScanRequest request, Completion<result<ScanPage>> done) override {
    if (request.index == index::kQueue && request.prefix.empty()) return done(ScanPage{});
    inner().scan(std::move(request), std::move(done));
  }
};

/// Null for a mutant that is not one of the Store.
[[nodiscard]] inline std::unique_ptr<StoreWrapper> broken_store(Mutant mutant, Store& inner) {
  switch (mutant) {
    case Mutant::capacity_outside:
      return std::make_unique<VersionlessAgents>(inner);
    case Mutant::loose_open:
      return std::make_unique<LooseOpens>(inner);
    case Mutant::rash_judge:
      return std::make_unique<OldLeases>(inner);
    case Mutant::gappy_outbox:
      return std::make_unique<GappyOutbox>(inner);
    case Mutant::gone_forgotten:
      return std::make_unique<DeafToLeaving>(inner);
    case Mutant::gone_elsewhere:
      return std::make_unique<NobodyHasLeft>(inner);
    case Mutant::recall_for_nothing:
      return std::make_unique<HalfRecalls>(inner, true);
    case Mutant::recall_untold:
      return std::make_unique<HalfRecalls>(inner, false);
    case Mutant::notes_found:
      return std::make_unique<OpenSearch>(inner);
    case Mutant::half_merged:
      return std::make_unique<ShortLists>(inner);
    case Mutant::offers_unseen:
      return std::make_unique<EmptyQueues>(inner);
    case Mutant::offers_kept:
      return std::make_unique<LongMemory>(inner);
    default:
      return nullptr;
  }
}

}  // namespace kefu::sim
