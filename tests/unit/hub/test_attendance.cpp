// What is stored of agents who come and go.
#include <kefu/hub.hpp>
#include <kefu/memory/store.hpp>
#include <kefu/wire/records.hpp>

#include <doctest/doctest.h>

#include <deque>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

struct Stored {
  Agent agent;
  std::uint64_t version = 0;
};

std::string session_of(const Peer& agent) {
  constexpr std::string_view kName = R"("session":")";
  const std::string& welcome = agent.frames.front();
  return welcome.substr(welcome.find(kName) + kName.size(), 36);
}

Stored stored(Store& store, const std::string& agent = "ann") {
  Stored out;
  store.get(agent_key(agent), [&](result<std::optional<Record>> record) {
    REQUIRE((record && *record));
    out.agent = std::get<Agent>(*wire::decode_record(agent_key(agent), (*record)->value));
    out.version = (*record)->version;
  });
  return out;
}

/// What another node writes, of whose doing nobody is told.
void put(Store& store, const Stored& changed) {
  Commit commit;
  commit.changes.push_back({agent_key(changed.agent.id), changed.version,
                            wire::encode_record(DeskRecord(changed.agent)),
                            indexes_of(changed.agent)});
  store.commit(std::move(commit), [](result<Committed> done) { REQUIRE(done); });
}

std::string back(const Peer& before, const std::string& agent, int epoch) {
  return R"({"type":"hello","token":"agent )" + agent + R"(","epoch":)" + std::to_string(epoch) +
         R"(,"session":")" + session_of(before) + "\"}";
}

/// Keeps the next commit of an agent back, where it is told so.
class Holding final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void commit(Commit commit, Completion<result<Committed>> done) override {
    const bool agent = commit.changes.front().key.kind == RecordKind::agent;
    if (!agent || !std::exchange(holds, false))
      return inner().commit(std::move(commit), std::move(done));
    held = [this, commit = std::move(commit), done = std::move(done)]() mutable {
      inner().commit(std::move(commit), std::move(done));
    };
  }
  bool holds = false;
  Completion<> held;
};

/// A hub with two io threads.
struct TwoThreads {
  TwoThreads() : hub({&one, &two}, store, options()) {
    hub.authenticate(std::make_unique<PlainTokens>());
  }
  HubOptions options() {
    HubOptions out;
    out.clock = &clock;
    return out;
  }
  void pass(Nanoseconds time) {
    for (; time.count() > 0; time -= Nanoseconds(50ms)) {
      clock.advance(50ms);
      one.advance(50ms);
      two.advance(50ms);
      one.run_until_idle();
      two.run_until_idle();
    }
  }

  ManualClock clock;
  memory::Store memory{clock};
  Holding store{memory};
  ManualExecutor one, two;
  Hub hub;
};

}  // namespace

TEST_CASE("an agent whose connection broke and who is back at once costs no commit") {
  Host host;
  Peer ann(host);
  ann.asks(R"({"type":"hello","token":"agent ann","epoch":1})");
  const Stored before = stored(host.memory);
  REQUIRE(before.agent.devices.size() == 1);

  ann.leaves();
  host.pass(500ms);
  Peer again(host);
  again.asks(R"({"type":"hello","token":"agent ann","epoch":2,"session":")" + session_of(ann) +
             "\"}");
  CHECK(again.got("\"type\":\"welcome\"", "\"resumed\":true") == 1);
  host.pass(3s);
  CHECK(stored(host.memory).version == before.version);

  again.leaves();
  host.pass(3s);
  CHECK(stored(host.memory).agent.devices.empty());
}

TEST_CASE("an agent who stays away is stored as gone after the delay") {
  Host host;
  Peer ann(host);
  ann.asks(R"({"type":"hello","token":"agent ann"})");
  ann.leaves();
  host.pass(750ms);
  CHECK(stored(host.memory).agent.devices.size() == 1);
  host.pass(1s);
  CHECK(stored(host.memory).agent.devices.empty());
}

TEST_CASE("an agent who is back on another io thread stays there") {
  TwoThreads on;
  const auto devices = [&] { return stored(on.memory).agent.devices; };

  std::uint64_t epoch = 1;
  auto ann = std::make_unique<Peer>(on.hub, on.one);
  ann->asks(R"({"type":"hello","token":"agent ann","epoch":1})");
  on.pass(1s);
  const std::string session = session_of(*ann);
  for (ManualExecutor* const next : {&on.two, &on.one, &on.one, &on.two}) {
    ann->leaves();
    on.pass(200ms);
    ann = std::make_unique<Peer>(on.hub, *next);
    ann->asks(R"({"type":"hello","token":"agent ann","epoch":)" + std::to_string(++epoch) +
              R"(,"session":")" + session + "\"}");
    for (int i = 0; i < 10; ++i) {
      on.pass(250ms);
      CHECK(devices().size() == 1);
    }
  }
  for (ManualExecutor* const next : {&on.one, &on.two}) {  // faster than anything is stored of it
    ann->leaves();
    ann = std::make_unique<Peer>(on.hub, *next);
    ann->asks(R"({"type":"hello","token":"agent ann","epoch":)" + std::to_string(++epoch) +
              R"(,"session":")" + session + "\"}");
    on.pass(100ms);
  }
  for (int i = 0; i < 10; ++i) {
    on.pass(250ms);
    CHECK(devices().size() == 1);
  }
  ann->leaves();
  on.pass(3s);
  CHECK(devices().empty());
}

TEST_CASE("what other nodes have changed of many agents is seen of all of them") {
  constexpr int kMany = 300;
  limits bounds;
  bounds.presence_check = 10ms;  // more often than they can all be looked at
  bounds.frames_per_second_of_address = 10'000;
  Host host(bounds);
  std::deque<Peer> agents;
  const auto name = [](int i) { return "agent-" + std::to_string(i); };
  for (int i = 0; i < kMany; ++i) {
    agents.emplace_back(host);
    agents.back().asks(R"({"type":"hello","token":"agent )" + name(i) + "\"}");
  }
  for (int i = 0; i < kMany; ++i) {
    Stored one = stored(host.memory, name(i));
    one.agent.devices.clear();
    put(host.memory, one);
  }
  host.pass(2s);
  for (int i = 0; i < kMany; ++i) {
    CAPTURE(i);
    CHECK(stored(host.memory, name(i)).agent.devices.size() == 1);
  }
}

TEST_CASE("who was on another node meanwhile is put back soon, whatever else their record tells") {
  Host host;
  Peer ann(host);
  ann.asks(R"({"type":"hello","token":"agent ann","epoch":1})");
  ann.leaves();
  Stored elsewhere = stored(host.memory);
  elsewhere.agent.devices.front().node = "another";
  elsewhere.agent.devices.front().epoch = 2;
  put(host.memory, elsewhere);
  Peer again(host);
  again.asks(back(ann, "ann", 3));
  again.asks(R"({"type":"presence","intent":"busy"})");
  Stored left = stored(host.memory);
  left.agent.devices.clear();
  put(host.memory, left);
  host.pass(1s);
  CHECK(stored(host.memory).agent.devices.size() == 1);
}

TEST_CASE("who left while their coming was being stored for long has left") {
  TwoThreads on;
  on.pass(1s);
  on.store.holds = true;
  Peer first(on.hub, on.one);
  first.asks(R"({"type":"hello","token":"agent ann","epoch":1})");
  on.pass(100ms);
  REQUIRE(on.store.held);
  Peer second(on.hub, on.two);
  second.asks(back(first, "ann", 2));
  on.pass(500ms);
  CHECK(stored(on.memory).agent.devices.size() == 1);
  second.leaves();
  on.pass(3s);
  CHECK(stored(on.memory).agent.devices.empty());
  on.store.held();
  on.pass(3s);
  CHECK(stored(on.memory).agent.devices.empty());
}
