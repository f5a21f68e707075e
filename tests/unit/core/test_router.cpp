#include <kefu/core/router.hpp>

#include <doctest/doctest.h>

namespace {

using namespace kefu;
using namespace kefu::core;
using namespace std::chrono_literals;
using State = Router::State;
constexpr Timestamp kNow{1'000'000'000'000};

Agent agent(std::string id, std::uint32_t capacity) {
  Agent a;
  a.id = std::move(id);
  a.capacity = capacity;
  a.devices.push_back({SessionId{1, 1}, 1, "node"});
  return a;
}

Conversation waiting(std::uint64_t number, std::vector<std::string> skills = {}) {
  Conversation c;
  c.id = {1, number};
  c.visitor = "v";
  c.department = "billing";
  c.skills = std::move(skills);
  c.assignment.epoch = number;
  c.assignment.waiting_since = kNow - 10s;
  return c;
}

Department billing() {
  Department d;
  d.id = "billing";
  d.offer_timeout = 30s;
  return d;
}

struct Rig {
  Router router{billing(), skill_match(round_robin())};
  RouterEffects out;

  template <class T>
  std::vector<T> take() {
    std::vector<T> found;
    for (const RouterEffect& effect : std::exchange(out, {})) {
      REQUIRE(std::holds_alternative<T>(effect));
      found.push_back(std::get<T>(effect));
    }
    return found;
  }
  /// The commands that the router wants to be run, at its last step.
  template <class T>
  std::vector<T> commands() {
    std::vector<T> found;
    for (const auto& run : take<router_effect::Run>()) found.push_back(std::get<T>(run.command));
    return found;
  }
  void to_queue(std::vector<Agent> agents) {
    router.wake(out);
    CHECK(take<router_effect::ReadAgents>().size() == 1);
    router.on_agents(std::move(agents), kNow, out);
    CHECK(take<router_effect::ReadQueue>().size() == 1);
  }
};

TEST_CASE("it offers along the queue, and counts what it has proposed") {
  Rig rig;
  rig.to_queue({agent("ann", 1), agent("bob", 1)});
  rig.router.on_queue({waiting(1), waiting(2), waiting(3)}, "", rig.out);
  const auto offers = rig.commands<MakeOffer>();
  REQUIRE(offers.size() == 2);
  CHECK(offers[0].conversation == ConversationId{1, 1});
  CHECK(offers[0].epoch == 1);
  CHECK(offers[0].agent == "ann");
  CHECK(offers[0].expires_at == kNow + 30s);
  CHECK(offers[1].agent == "bob");
  CHECK(rig.router.state() == State::settling);
  rig.router.on_settled(rig.out);
  CHECK(rig.router.state() == State::settling);
  rig.router.on_settled(rig.out);
  CHECK(rig.router.state() == State::idle);
}

TEST_CASE("nobody is served by whom nobody can serve, nor waits behind them") {
  Rig rig;
  rig.to_queue({agent("ann", 1)});
  rig.router.on_queue({waiting(1, {"juggling"})}, "more", rig.out);
  const auto reads = rig.take<router_effect::ReadQueue>();
  REQUIRE(reads.size() == 1);
  CHECK(reads[0].after == "more");
  rig.router.on_queue({waiting(2)}, "and more", rig.out);
  CHECK(rig.commands<MakeOffer>().size() == 1);  // and no slot is left: it reads no further
  CHECK(rig.router.state() == State::settling);
}

TEST_CASE("without a free slot the queue is not read") {
  Rig rig;
  rig.router.wake(rig.out);
  rig.out.clear();
  rig.router.on_agents({agent("ann", 0)}, kNow, rig.out);
  CHECK(rig.out.empty());
  CHECK(rig.router.state() == State::idle);
}

TEST_CASE("a wake-up at any moment makes it look again") {
  for (int moment = 0; moment < 3; ++moment) {
    Rig rig;
    rig.router.wake(rig.out);
    if (moment == 0) rig.router.wake(rig.out);
    CHECK(rig.take<router_effect::ReadAgents>().size() == 1);
    rig.router.on_agents({agent("ann", 1)}, kNow, rig.out);
    if (moment == 1) rig.router.wake(rig.out);
    CHECK(rig.take<router_effect::ReadQueue>().size() == 1);
    rig.router.on_queue({waiting(1)}, "", rig.out);
    if (moment == 2) rig.router.wake(rig.out);
    CHECK(rig.commands<MakeOffer>().size() == 1);
    rig.router.on_settled(rig.out);
    CHECK(rig.router.state() == State::agents);
  }
}

TEST_CASE("a failed read leaves it idle for the sweep") {
  Rig rig;
  rig.router.wake(rig.out);
  rig.out.clear();
  rig.router.on_failed(rig.out);
  CHECK(rig.router.state() == State::idle);
}

TEST_CASE("who waits too long overflows, whether or not somebody is there") {
  Department department = billing();
  department.overflow_to = "sales";
  department.overflow_after = 10s;
  Rig rig;
  rig.router = Router(department, manual_pick());
  rig.to_queue({});
  Conversation fresh = waiting(2);
  fresh.assignment.waiting_since = kNow;
  rig.router.on_queue({waiting(1), fresh}, "", rig.out);
  const auto moved = rig.commands<Overflow>();
  REQUIRE(moved.size() == 1);
  CHECK(moved[0].conversation == ConversationId{1, 1});
  CHECK(moved[0].department == "sales");
}

TEST_CASE("the host is asked through a commit, so that one node asks") {
  Rig rig;
  rig.router = Router(billing(), ask_host(2s, round_robin()));
  rig.to_queue({agent("ann", 1)});
  rig.router.on_queue({waiting(1)}, "", rig.out);
  const auto asked = rig.commands<AskHost>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].until == kNow + 2s);
}

}  // namespace
