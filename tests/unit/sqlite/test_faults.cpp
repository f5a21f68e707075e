// A disk that fails at every step in turn: what was acknowledged is there afterwards, once, and
// what was not can be sent again.
#include <kefu/sqlite/store.hpp>

#include <doctest/doctest.h>

#include <kefu/testing/manual_clock.hpp>
#include <kefu/testing/store_conformance.hpp>
#include <map>

#include "disk.hpp"
#include "scratch.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

constexpr std::uint64_t kSessions = 2;
constexpr std::uint64_t kConversations = 3;
constexpr char kPath[] = "faulty.db";

// Small enough that checkpoints of both kinds happen again and again.
sqlite::Options small_steps() {
  sqlite::Options options;
  options.checkpoint_entries = 8;
  options.wal_bytes = 32 * 1024;
  return options;
}

/// A client of two sessions that remembers what it sent and what was acknowledged.
class Client {
 public:
  explicit Client(const Clock& clock) : clock_(clock) {}

  /// Opens the store and makes all calls, whatever they answer. Not even the opening need succeed.
  void run() {
    try {
      sqlite::Store store(kPath, clock_, small_steps());
      for (std::uint64_t n = 0; n < kSessions; ++n) {
        if (attach(store, session(n), 1, true).code == errc::ok) attached_[n] = 1;
      }
      for (int round = 0; round < 12; ++round) {
        send(store, round);
        if (round % 3 == 0) commit(store);
        last_code_ = errc::ok;
      }
      send(store, 12);
    } catch (const std::system_error&) {
      opened_ = false;
    }
  }

  /// Whether the calls at the end of run() were answered as by a store in good health.
  [[nodiscard]] bool ended_well() const { return opened_ && last_code_ == errc::ok; }

  /// Opens the store on a disk in good health: everything acknowledged is there, and all else can
  /// be sent again.
  void check() {
    ++epoch_;
    sqlite::Store store(kPath, clock_, small_steps());
    for (std::uint64_t n = 0; n < kSessions; ++n) resume(store, n);
    const auto record =
        ask<result<std::optional<Record>>>([&](auto done) { store.get(kRecord, std::move(done)); });
    const std::uint64_t version = *record ? (*record)->version : 0;
    CHECK_GE(version, committed_);
    CHECK_LE(version, tried_);
    for (std::uint64_t n = 0; n < kConversations; ++n) check_log(store, n);
  }

 private:
  using Key = std::pair<std::uint64_t, std::uint64_t>;  // session, conversation
  inline static const RecordKey kRecord{RecordKind::ticket, "one"};

  static Draft make(Key key, std::uint64_t cseq) {
    Draft out = draft(key.first, key.second, cseq, "a body of some length, so that pages fill up");
    if (cseq % 5 == 0) out.refusal = errc::denied;
    return out;
  }

  void send(Store& store, int round) {
    std::vector<Draft> drafts;
    std::vector<Key> keys;
    for (int i = 0; i < 4; ++i) {
      const Key key{static_cast<std::uint64_t>(i) % kSessions,
                    static_cast<std::uint64_t>(round + i) % kConversations};
      drafts.push_back(make(key, next_[key] + 1));
      ++next_[key];
      keys.push_back(key);
    }
    const std::vector<Outcome> outcomes = append(store, drafts);
    for (std::size_t i = drafts.size(); i-- > 0;) {
      last_code_ = outcomes[i].code;
      if (outcomes[i].code == errc::ok || outcomes[i].code == errc::denied) {
        acknowledged_[keys[i]][drafts[i].cseq] = outcomes[i].seq;
        last_code_ = errc::ok;
      } else {
        --next_[keys[i]];  // sent again in the next round
        unknown_ = true;
      }
    }
  }

  void commit(Store& store) {
    Commit commit;
    commit.changes.push_back({kRecord, committed_, "value", {{"by", "key"}}});
    ++tried_;
    const auto done = ask<result<Committed>>(
        [&](auto then) { store.commit(std::move(commit), std::move(then)); });
    if (done) {
      ++committed_;
      tried_ = committed_;
    }
  }

  void resume(Store& store, std::uint64_t n) {
    AttachOutcome outcome = attach(store, session(n), epoch_, false);
    if (outcome.code == errc::session_expired) {
      CHECK_EQ(attached_[n], 0);
      CHECK_EQ(attach(store, session(n), epoch_, true).code, errc::ok);
    }
    std::map<ConversationId, std::uint64_t> marks;
    for (const Mark& mark : outcome.marks) marks[mark.conversation] = mark.accepted;
    for (std::uint64_t to = 0; to < kConversations; ++to) {
      const Key key{n, to};
      const std::uint64_t acknowledged = acknowledged_[key].size();
      CHECK_GE(marks[conversation(to)], acknowledged);
      CHECK_LE(marks[conversation(to)], acknowledged + (unknown_ ? 4 : 0));
      // From the last acknowledged one on, as a client would that lost its connection.
      for (std::uint64_t cseq = std::max<std::uint64_t>(acknowledged, 1); cseq <= acknowledged + 5;
           ++cseq) {
        Draft again = make(key, cseq);
        again.epoch = epoch_;
        const Outcome answer = append(store, {again}).front();
        CHECK_EQ(answer.code, again.refusal);
        CHECK_EQ(answer.repeated, cseq <= marks[conversation(to)]);
        auto& known = acknowledged_[key];
        if (known.count(cseq)) CHECK_EQ(known[cseq], answer.seq);
        known[cseq] = answer.seq;
      }
    }
  }

  void check_log(Store& store, std::uint64_t n) {
    const Page page = test::read(store, conversation(n));
    std::map<SessionId, std::uint64_t> last;
    std::size_t expected = 0;
    for (std::uint64_t who = 0; who < kSessions; ++who) {
      for (const auto& [cseq, seq] : acknowledged_[{who, n}]) {
        if (seq == 0) continue;
        ++expected;
        REQUIRE_LE(seq, page.entries.size());
        CHECK_EQ(page.entries[seq - 1].origin, Origin{session(who), cseq});
      }
    }
    CHECK_EQ(page.entries.size(), expected);
    CHECK_EQ(page.tail, expected);
    for (std::size_t i = 0; i < page.entries.size(); ++i) {
      CHECK_EQ(page.entries[i].seq, i + 1);
      CHECK_LT(last[page.entries[i].origin.session], page.entries[i].origin.cseq);
      last[page.entries[i].origin.session] = page.entries[i].origin.cseq;
    }
  }

  const Clock& clock_;
  bool opened_ = true;
  std::uint64_t epoch_ = 1;
  bool unknown_ = false;
  errc last_code_ = errc::ok;
  std::map<std::uint64_t, std::uint64_t> attached_;
  std::map<Key, std::uint64_t> next_;  ///< the last cseq sent
  std::map<Key, std::map<std::uint64_t, std::uint64_t>> acknowledged_;
  std::uint64_t committed_ = 0, tried_ = 0;
};

/// Lets every operation fail in its turn; answers in how many rounds the store went on in good
/// health.
int fail_at_every_step(Disk::Fault fault) {
  int recovered = 0;
  for (std::uint64_t step = 1;; ++step) {
    CAPTURE(step);
    testing::ManualClock clock;
    Disk disk(step);
    Client client(clock);
    disk.fail(step, fault);
    client.run();
    const bool struck = disk.struck();
    if (struck && client.ended_well()) ++recovered;
    disk.repair();
    client.check();
    client.check();  // once more: what the first one wrote is there, too
    if (!struck) {
      CHECK_GT(step, 100);
      return recovered;
    }
  }
}

TEST_CASE("sqlite store: an I/O error at every step") {
  fail_at_every_step(Disk::Fault::error_once);
}
TEST_CASE("sqlite store: a disk that dies at every step") {
  fail_at_every_step(Disk::Fault::error_forever);
}
TEST_CASE("sqlite store: killed at every step") { fail_at_every_step(Disk::Fault::kill); }
TEST_CASE("sqlite store: power lost at every step") { fail_at_every_step(Disk::Fault::power_cut); }
TEST_CASE("sqlite store: no space at every step") {
  // The store goes on by itself, but where it was not a write that failed.
  CHECK_GT(fail_at_every_step(Disk::Fault::full_once), 30);
}

TEST_CASE("sqlite store: a failed sync is not tried again") {
  testing::ManualClock clock;
  Disk disk;
  {
    sqlite::Store store(kPath, clock);
    attach(store, session(0), 1, true);
    disk.fail_sync(Disk::Fault::error_once);
    CHECK_EQ(append(store, {draft(0, 0, 1)}).front().code, errc::store_failed);
    CHECK(disk.struck());
    CHECK_EQ(append(store, {draft(0, 0, 1)}).front().code, errc::store_failed);
    CHECK_EQ(attach(store, session(1), 1, true).code, errc::store_failed);
    CHECK_EQ(test::read(store, conversation(0)).tail, 0);
  }
  sqlite::Store store(kPath, clock);
  CHECK_EQ(append(store, {draft(0, 0, 1)}).front().code, errc::ok);
}

TEST_CASE("sqlite store: what a retry was told after a kill survives power loss") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    testing::ManualClock clock;
    Disk disk(seed);
    {
      sqlite::Store store(kPath, clock);
      attach(store, session(0), 1, true);
      disk.fail_sync(Disk::Fault::kill);  // all is written, but for the sync
      CHECK_EQ(append(store, {draft(0, 0, 1)}).front().code, errc::store_failed);
    }
    disk.repair();
    {
      sqlite::Store store(kPath, clock);
      CHECK(append(store, {draft(0, 0, 1)}).front().repeated);
      disk.cut_power();
    }
    disk.repair();
    sqlite::Store store(kPath, clock);
    CHECK_EQ(append(store, {draft(0, 0, 1)}).front().repeated, true);
    CHECK_EQ(test::read(store, conversation(0)).tail, 1);
  }
}

TEST_CASE("sqlite store: a full disk refuses, and goes on when there is space") {
  testing::ManualClock clock;
  Disk disk;
  sqlite::Store store(kPath, clock, small_steps());
  attach(store, session(0), 1, true);
  disk.set_capacity(disk.used() + 200'000);
  std::uint64_t cseq = 0;
  const std::string body(2'000, 'x');
  Outcome outcome;
  do {
    outcome = append(store, {draft(0, 0, ++cseq, body)}).front();
  } while (outcome.code == errc::ok && cseq < 1'000);
  CHECK_EQ(outcome.code, errc::store_full);
  CHECK_EQ(append(store, {draft(0, 0, cseq, body), draft(0, 1, 1)}).back().code, errc::store_full);
  CHECK_EQ(test::read(store, conversation(0)).tail, cseq - 1);
  CHECK_EQ(attach(store, session(1), 1, true, std::string(100'000, 'n')).code, errc::store_full);
  disk.set_capacity(SIZE_MAX);
  CHECK_EQ(append(store, {draft(0, 0, cseq, body)}).front().seq, cseq);
  CHECK_EQ(append(store, {draft(0, 0, cseq - 1, body)}).front().repeated, true);
  CHECK_EQ(attach(store, session(1), 1, true).code, errc::ok);
}

TEST_CASE("sqlite store: what was erased is nowhere in its files") {
  testing::ManualClock clock;
  Disk disk;
  sqlite::Store store(kPath, clock, small_steps());
  attach(store, session(0), 1, true);
  for (std::uint64_t cseq = 1; cseq <= 40; ++cseq)
    append(store, {draft(0, 0, cseq, "my secret number")});
  CHECK(disk.holds("my secret number"));
  CHECK_EQ(*ask<result<std::uint64_t>>([&](auto done) { store.erase("ann", std::move(done)); }),
           40);
  CHECK_FALSE(disk.holds("my secret number"));
}

/// Loses power whenever a store is destroyed.
class PowerCutFactory final : public testing::StoreFactory {
 public:
  explicit PowerCutFactory(sqlite::Options options) : options_(options) {}

  std::unique_ptr<Store> open() override {
    disk_.clear();
    return reopen();
  }
  [[nodiscard]] bool durable() const override { return true; }
  std::unique_ptr<Store> reopen() override {
    disk_.repair();
    return std::make_unique<Cut>(disk_, std::make_unique<sqlite::Store>(kPath, clock_, options_));
  }

 private:
  struct Owner {
    std::unique_ptr<Store> store;
  };
  struct Cut final : Owner, StoreWrapper {
    Cut(Disk& with_disk, std::unique_ptr<Store> owned)
        : Owner{std::move(owned)}, StoreWrapper(*store), disk(with_disk) {}
    ~Cut() override { disk.cut_power(); }
    Disk& disk;
  };

  Disk disk_;
  testing::ManualClock clock_;
  sqlite::Options options_;
};

TEST_CASE("sqlite store: conformance, with power lost at each restart") {
  for (const std::size_t entries : {6u, 100'000u}) {
    sqlite::Options options = small_steps();
    options.checkpoint_entries = entries;
    PowerCutFactory factory(options);
    for (const testing::StoreCheck& check : testing::store_checks()) {
      CAPTURE(check.name);
      CHECK_EQ(check.run(factory), "");
    }
  }
}

}  // namespace
