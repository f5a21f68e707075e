#include <kefu/testing/fault_store.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <kefu/memory/store.hpp>
#include <kefu/testing/manual_clock.hpp>
#include <kefu/testing/manual_executor.hpp>
#include <kefu/testing/store_conformance.hpp>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

constexpr SessionId kSession{1, 1};

struct World {
  explicit World(StoreFaults faults = {}, std::uint64_t seed = 1)
      : store(std::make_unique<FaultStore>(inner, loop, seed, faults)) {
    inner.attach({kSession, {"v", Role::visitor}, 1, true}, [](AttachOutcome) {});
  }

  /// Sends `cseq` to a conversation; the outcome is written down when it comes.
  void append(std::uint64_t conversation, std::uint64_t cseq) {
    auto batch = std::make_unique<AppendBatch>();
    Draft draft;
    draft.session = kSession;
    draft.epoch = 1;
    draft.conversation = {2, conversation};
    draft.cseq = cseq;
    draft.from = "v";
    draft.kind = "text";
    draft.body = "hello";
    batch->add(draft);
    store->append(std::move(batch), [this, conversation, cseq](std::unique_ptr<AppendBatch> done) {
      came += std::to_string(conversation) + '/' + std::to_string(cseq) + ':' +
              std::string(name(done->outcomes()[0].code)) + ' ';
    });
  }
  std::uint64_t tail(std::uint64_t conversation) {
    std::uint64_t out = 0;
    ReadRequest request;
    request.conversation = {2, conversation};
    inner.read(request, [&](result<Page> page) { out = page->tail; });
    return out;
  }

  ManualClock clock;
  ManualExecutor loop;
  memory::Store inner{clock};
  std::unique_ptr<FaultStore> store;
  std::string came;
};

}  // namespace

TEST_CASE("without faults it only posts") {
  World w;
  w.append(1, 1);
  CHECK(w.came.empty());
  w.loop.run_until_idle();
  CHECK(w.came == "1/1:ok ");
}

TEST_CASE("delays reorder conversations, never one of them") {
  bool reordered = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World w({.delay_min = 1ms, .delay_max = 500ms}, seed);
    for (std::uint64_t cseq = 1; cseq <= 5; ++cseq) {
      w.append(1, cseq);
      w.append(2, cseq);
    }
    CHECK(w.tail(1) == 0);
    w.loop.advance(20s);
    std::string of[2];
    std::string both;
    for (std::size_t at = 0; at < w.came.size(); at += 7) {
      const std::string one = w.came.substr(at, 7);
      of[one[0] - '1'] += one.substr(2);
      both += one[0];
    }
    CHECK(of[0] == "1:ok 2:ok 3:ok 4:ok 5:ok ");
    CHECK(of[1] == of[0]);
    reordered |= both != "1212121212";
  }
  CHECK(reordered);
}

TEST_CASE("a failure before: nothing is stored") {
  World w({.fail_before = 1});
  w.append(1, 1);
  w.loop.run_until_idle();
  CHECK((w.came == "1/1:unavailable " || w.came == "1/1:store_full "));
  CHECK(w.tail(1) == 0);
  errc code = errc::ok;
  w.store->read({}, [&](result<Page> page) { code = page.error(); });
  w.loop.run_until_idle();
  CHECK(code == errc::unavailable);
}

TEST_CASE("a failure after: timed_out, and it is stored; reads have none") {
  World w({.fail_after = 1});
  w.append(1, 1);
  w.loop.run_until_idle();
  CHECK(w.came == "1/1:timed_out ");
  CHECK(w.tail(1) == 1);
  bool read = false;
  w.store->read({}, [&](result<Page> page) { read = page.has_value(); });
  AttachOutcome attached;
  w.store->attach({kSession, {"v", Role::visitor}, 7, false},
                  [&](AttachOutcome outcome) { attached = outcome; });
  w.loop.run_until_idle();
  CHECK(read);
  CHECK(attached.code == errc::timed_out);
  w.store->faults = {};
  w.store->attach({kSession, {"v", Role::visitor}, 7, false},
                  [&](AttachOutcome outcome) { attached = outcome; });
  w.loop.run_until_idle();
  CHECK(attached.code == errc::stale_epoch);
}

TEST_CASE("frozen: nothing happens until it thaws, then all of it in order") {
  World w;
  w.store->freeze();
  w.append(1, 1);
  w.append(1, 2);
  w.loop.advance(60s);
  CHECK(w.came.empty());
  CHECK(w.tail(1) == 0);
  w.store->thaw();
  w.append(1, 3);
  w.loop.run_until_idle();
  CHECK(w.came == "1/1:ok 1/2:ok 1/3:ok ");
}

TEST_CASE("a crash: the first few of what is under way happen, and nobody hears of it") {
  bool some[4] = {};
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    World w({.delay_min = 1s, .delay_max = 1s}, seed);
    for (std::uint64_t cseq = 1; cseq <= 3; ++cseq) w.append(1, cseq);
    w.store->crash();
    some[w.tail(1)] = true;
    w.store.reset();
    w.loop.advance(60s);
    CHECK(w.came.empty());
  }
  for (const bool seen : some) CHECK(seen);
}

TEST_CASE("between commit and completion: stored, and not told") {
  World w({.delay_min = 1s, .delay_max = 1s});
  w.append(1, 1);
  w.loop.advance(1500ms);
  CHECK(w.tail(1) == 1);
  w.store->crash();
  w.loop.advance(60s);
  CHECK(w.came.empty());
}

namespace {

/// What a Driven is made of.
struct Parts {
  explicit Parts(const ManualClock& clock) : inner(clock) {}
  ManualExecutor loop;
  memory::Store inner;
  FaultStore faulty{inner, loop, 5, {.delay_min = 1ms, .delay_max = 20ms}};
};

/// A FaultStore whose time passes inside each call, so that any thread may call it.
class Driven final : private Parts, public StoreWrapper {
 public:
  explicit Driven(const ManualClock& clock) : Parts(clock), StoreWrapper(faulty) {}

  void attach(AttachRequest r, Completion<AttachOutcome> done) override {
    drive([&] { faulty.attach(std::move(r), std::move(done)); });
  }
  void renew(std::vector<SessionLease> l, Completion<result<std::vector<errc>>> done) override {
    drive([&] { faulty.renew(std::move(l), std::move(done)); });
  }
  void expire(Nanoseconds idle, std::size_t limit,
              Completion<result<std::vector<SessionId>>> done) override {
    drive([&] { faulty.expire(idle, limit, std::move(done)); });
  }
  void append(std::unique_ptr<AppendBatch> b,
              Completion<std::unique_ptr<AppendBatch>> done) override {
    drive([&] { faulty.append(std::move(b), std::move(done)); });
  }
  void read(ReadRequest r, Completion<result<Page>> done) override {
    drive([&] { faulty.read(std::move(r), std::move(done)); });
  }
  void commit(Commit c, Completion<result<Committed>> done) override {
    drive([&] { faulty.commit(std::move(c), std::move(done)); });
  }
  void get(RecordKey key, Completion<result<std::optional<Record>>> done) override {
    drive([&] { faulty.get(std::move(key), std::move(done)); });
  }
  void scan(ScanRequest r, Completion<result<ScanPage>> done) override {
    drive([&] { faulty.scan(std::move(r), std::move(done)); });
  }
  void events(std::uint64_t after, std::size_t limit,
              Completion<result<std::vector<Event>>> done) override {
    drive([&] { faulty.events(after, limit, std::move(done)); });
  }
  void erase(std::string participant, Completion<result<std::uint64_t>> done) override {
    drive([&] { faulty.erase(std::move(participant), std::move(done)); });
  }

 private:
  template <class Call>
  void drive(Call call) {
    const std::scoped_lock lock(mutex_);
    call();
    loop.run_until_idle();
    while (const std::optional<Instant> due = loop.next_due()) {
      loop.advance_to(*due);
      loop.run_until_idle();
    }
  }

  std::recursive_mutex mutex_;  // a completion may call again
};

struct DrivenFactory final : StoreFactory {
  ManualClock clock;
  std::unique_ptr<Store> open() override { return std::make_unique<Driven>(clock); }
  bool advance(Nanoseconds by) override {
    clock.advance(by);
    return true;
  }
};

}  // namespace

TEST_CASE("conformance: late, but in order, it is a Store like any other") {
  DrivenFactory factory;
  for (const StoreCheck& check : store_checks()) {
    CAPTURE(check.name);
    CHECK_EQ(check.run(factory), "");
  }
}
