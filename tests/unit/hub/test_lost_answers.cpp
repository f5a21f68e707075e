// What a desk does when an answer of the store gets lost for want of memory, or comes late.
#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <kefu/desk_keys.hpp>
#include <new>
#include <vector>

#include "unit/hub/host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

/// Has no memory for a task, once, where it is told so.
class Starved final : public Executor {
 public:
  explicit Starved(ManualExecutor& loop) : loop_(loop) {}

  void post(Task task) override {
    if (std::exchange(fails, false)) throw std::bad_alloc{};
    loop_.post(std::move(task));
  }
  void post_at(Instant when, Task task) override { loop_.post_at(when, std::move(task)); }
  [[nodiscard]] Instant now() const override { return loop_.now(); }

  bool fails = false;

 private:
  ManualExecutor& loop_;
};

/// Loses the answer to the next scan of an index, or to the next commit of a conversation, and may
/// be away from then on; and keeps the answers to reads of conversations back.
class Unreliable final : public StoreWrapper {
 public:
  Unreliable(Store& inner, Starved& executor) : StoreWrapper(inner), executor_(executor) {}

  void scan(ScanRequest request, Completion<result<ScanPage>> done) override {
    if (request.index != losing) return inner().scan(std::move(request), std::move(done));
    losing = {};
    inner().scan(std::move(request), [this, done = std::move(done)](auto page) mutable {
      executor_.fails = true;
      done(std::move(page));
      lost = !std::exchange(executor_.fails, false);
    });
  }
  void get(RecordKey key, Completion<result<std::optional<Record>>> done) override {
    if (away) return done(errc::unavailable);
    if (!slow || key.kind != RecordKind::conversation)
      return inner().get(std::move(key), std::move(done));
    inner().get(std::move(key), [this, done = std::move(done)](auto record) mutable {
      kept.push_back([done = std::move(done), record = std::move(record)]() mutable {
        done(std::move(record));
      });
    });
  }

  void commit(Commit commit, Completion<result<Committed>> done) override {
    if (away) return done(errc::unavailable);
    const bool forgotten = forgets && std::ranges::any_of(commit.changes, [](const Change& change) {
                             return change.key.kind == RecordKind::conversation;
                           });
    if (!forgotten) return inner().commit(std::move(commit), std::move(done));
    forgets = false;
    away = leaves;
    inner().commit(std::move(commit),
                   [done = std::move(done)](result<Committed>) mutable { done(errc::timed_out); });
  }

  std::string_view losing;
  bool forgets = false;
  bool leaves = false;  // when it has forgotten
  bool away = false;
  bool lost = false;
  bool slow = false;
  std::vector<Completion<>> kept;

 private:
  Starved& executor_;
};

/// The first shard, which looks after the desk, may be starved; connections are on the second.
struct Desk {
  explicit Desk(DeskOptions desk) : hub({&executor, &loop}, store, options(std::move(desk))) {
    hub.authenticate(std::make_unique<PlainTokens>());
  }
  HubOptions options(DeskOptions desk) {
    HubOptions out;
    out.desk = std::move(desk);
    out.clock = &clock;
    return out;
  }
  void pass(Nanoseconds time) {
    constexpr Nanoseconds kStep = 250ms;
    for (; time.count() > 0; time -= kStep) {
      clock.advance(kStep);
      loop.advance(kStep);
    }
  }
  /// The answer to its next scan is lost, and the loss found.
  void lose(std::string_view index) {
    store.losing = index;
    pass(6s);
    CHECK(store.lost);
  }

  ManualClock clock;
  ManualExecutor loop;
  Starved executor{loop};
  memory::Store memory{clock};
  Unreliable store{memory, executor};
  Hub hub;
};

}  // namespace

TEST_CASE("a sweep whose answer was lost begins anew") {
  Department department;
  department.abandon_after = 10s;
  Desk desk(desk_with(department));
  Peer visitor(desk.hub, desk.loop);
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  desk.lose(index::kGone);
  desk.pass(10s);
  CHECK(visitor.got("\"abandoned\"") == 1);
}

TEST_CASE("a routing pass whose answer was lost begins anew") {
  Desk desk(desk_with({}));
  Peer visitor(desk.hub, desk.loop), ann(desk.hub, desk.loop);
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  desk.lose(index::kRoutable);
  ann.asks(hello("agent ann"));
  desk.pass(5s);
  CHECK(ann.got("\"offer\"") == 1);
}

TEST_CASE("a look at the SLA clocks whose answer was lost begins anew") {
  Department department;
  department.sla = "gold";
  DeskOptions options = desk_with(department);
  options.sla["gold"].first_response = Nanoseconds(60s);
  Desk desk(options);
  Peer visitor(desk.hub, desk.loop), ann(desk.hub, desk.loop);
  visitor.asks(hello("visitor v"));
  ann.asks(hello("agent ann"));
  visitor.asks(open());
  ann.asks(about("accept"));
  desk.lose(index::kRunning);
  ann.asks(about("send", R"(,"cseq":1,"body":"hello")"));
  desk.pass(12s);
  CHECK(ann.got("\"kind\":\"sla\"", "met first_response") == 1);
}

TEST_CASE("an offer that is gone by the time that it was read is not shown") {
  Desk desk(desk_with({}));
  Peer visitor(desk.hub, desk.loop), first(desk.hub, desk.loop);
  visitor.asks(hello("visitor v"));
  first.asks(hello("agent ann"));
  visitor.asks(open());
  REQUIRE(first.got("\"offer\"") == 1);
  desk.store.slow = true;
  Peer second(desk.hub, desk.loop);
  second.asks(hello("agent ann"));
  desk.store.slow = false;
  REQUIRE(desk.store.kept.size() == 1);
  first.asks(about("decline"));
  CHECK(second.got("\"offer\"") == 0);
  desk.store.kept.front()();
  desk.loop.run_until_idle();
  CHECK(second.got("\"offer\"") == 0);
}

TEST_CASE(
    "a conversation that was opened, without the store having said so, is told all the same") {
  Desk desk(desk_with({}));
  Peer here(desk.hub, desk.loop), there(desk.hub, desk.loop);
  here.asks(hello("visitor v"));
  there.asks(hello("visitor v"));
  desk.store.forgets = true;
  here.asks(open());
  CHECK(!desk.store.forgets);
  CHECK(here.got("\"type\":\"joined\"") == 1);
  CHECK(there.got("\"type\":\"joined\"") == 1);
}

TEST_CASE("what could not be told, as the store went away meanwhile, is told when it is back") {
  Desk desk(desk_with({}));
  Peer here(desk.hub, desk.loop), there(desk.hub, desk.loop);
  here.asks(hello("visitor v"));
  there.asks(hello("visitor v"));
  desk.store.forgets = desk.store.leaves = true;
  here.asks(open());
  desk.pass(1s);
  CHECK(there.got("\"type\":\"joined\"") == 0);
  desk.store.away = false;
  desk.pass(500ms);
  CHECK(there.got("\"type\":\"joined\"") == 1);
}

TEST_CASE("an agent hears at once of an offer that was made, without the store having said so") {
  Desk desk(desk_with({}));
  Peer visitor(desk.hub, desk.loop), ann(desk.hub, desk.loop);
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  desk.store.forgets = true;
  ann.asks(hello("agent ann"));
  CHECK(!desk.store.forgets);
  CHECK(ann.got("\"offer\"") == 1);
}

TEST_CASE("who asks for a conversation that a node has begun, and not told of, tells the others") {
  Desk desk(desk_with({}));
  Peer here(desk.hub, desk.loop), there(desk.hub, desk.loop);
  here.asks(hello("visitor v"));
  there.asks(hello("visitor v"));
  {
    Hub dying({&desk.loop}, desk.memory, desk.options(desk_with({})));
    dying.authenticate(std::make_unique<PlainTokens>());
    Peer elsewhere(dying, desk.loop);
    elsewhere.asks(hello("visitor v"));
    elsewhere.asks(open());
    CHECK(elsewhere.got("\"type\":\"joined\"") == 1);
  }
  CHECK(there.got("\"type\":\"joined\"") == 0);
  here.asks(open());
  CHECK(here.got("\"type\":\"joined\"") == 1);
  CHECK(there.got("\"type\":\"joined\"") == 1);
}
