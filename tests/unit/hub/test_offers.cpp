#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <deque>
#include <kefu/core/desk_command.hpp>
#include <kefu/wire/records.hpp>
#include <optional>

#include "unit/hub/host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

std::string id_of(int number) {
  std::string digits = std::to_string(number);
  return "0199c1d2-0000-7000-8000-" + std::string(12 - digits.size(), '0') + digits;
}

DeskOptions picking() {
  DeskOptions desk;
  desk.strategy = strategy::kPick;
  return desk;
}

/// Visitors with a conversation each, which waits: 1, 2, 3 …
struct Queue {
  Queue(Host& host, int count) {
    for (int i = 1; i <= count; ++i) {
      visitors.emplace_back(host);
      visitors.back().asks(hello("visitor v" + std::to_string(i)));
      visitors.back().asks(open(id_of(i)));
    }
  }
  std::deque<Peer> visitors;
};

DeskOptions picking_in_departments() {
  DeskOptions desk = picking();
  for (const char* const id : {"billing", "sales"}) desk.departments.emplace_back().id = id;
  return desk;
}

/// The host lets an agent serve this department alone. How that comes to the hub is not told.
void let_serve(Host& host, const std::string& agent, const std::string& department) {
  std::optional<Record> known;
  host.store.get(agent_key(agent), [&](auto found) { known = *found; });
  Agent record;
  record.id = agent;
  if (known) record = std::get<Agent>(*wire::decode_record(agent_key(agent), known->value));
  record.departments = {{department, {}}};
  Commit commit;
  commit.changes.push_back({agent_key(agent), known ? known->version : 0,
                            wire::encode_record(DeskRecord(record)), indexes_of(record)});
  host.store.commit(std::move(commit), [](result<Committed> done) { REQUIRE(done); });
}

}  // namespace

TEST_CASE("where agents pick, whoever comes is offered all that wait, however many") {
  limits bounds;
  bounds.max_list = 3;
  Host host(bounds, picking());
  const Queue queue(host, 10);
  Peer agent(host);
  agent.asks(hello("agent a"));
  CHECK(agent.got("\"offer\"") == 10);
  for (int i = 1; i <= 10; ++i) CHECK(agent.got("\"offer\"", id_of(i)) == 1);
}

TEST_CASE("what is taken while the list is being read is not offered behind it") {
  Host host({}, picking());
  const Queue queue(host, 2);
  Peer first(host);
  first.asks(hello("agent a"));
  host.store.slow = true;
  Peer second(host);
  second.asks(hello("agent b"));
  first.asks("{\"type\":\"accept\"," + in_conversation(id_of(1)) + "}");
  host.store.let_go();
  host.loop.run_until_idle();
  CHECK(second.got("\"offer\"", id_of(1)) == 0);
  CHECK(second.got("\"offer\"", id_of(2)) == 1);
  CHECK(second.got("\"offer_gone\"", id_of(1)) == 0);  // of which it was never told
}

TEST_CASE("visitors hear of no offers") {
  Host host({}, picking());
  const Queue queue(host, 2);
  CHECK(queue.visitors.front().got("offer") == 0);
}

TEST_CASE("an agent who has left is offered nothing, and the others are") {
  Host host({}, picking());
  Peer first(host), second(host), third(host);
  first.asks(hello("agent a"));
  second.asks(hello("agent b"));
  third.asks(hello("supervisor c"));
  first.leaves();
  const Queue queue(host, 1);
  CHECK(first.got("\"offer\"") == 0);
  CHECK(second.got("\"offer\"") == 1);
  CHECK(third.got("\"offer\"") == 1);
}

TEST_CASE("an agent is never offered what waits in departments that they don't serve") {
  Host host({}, picking_in_departments());
  let_serve(host, "a", "billing");
  Peer visitor(host);
  visitor.asks(hello("visitor v"));
  visitor.asks(open(id_of(1), "sales"));
  visitor.asks(open(id_of(2), "billing"));
  Peer agent(host);
  agent.asks(hello("agent a"));
  CHECK(agent.got("\"offer\"") == 1);
  CHECK(agent.got("\"offer\"", id_of(2)) == 1);
}

TEST_CASE("an agent who serves another department is offered what waits there, and that alone") {
  limits bounds;
  bounds.max_list = 1;
  Host host(bounds, picking_in_departments());
  let_serve(host, "a", "billing");
  std::deque<Peer> visitors;
  for (int i = 1; i <= 2; ++i) {
    visitors.emplace_back(host);
    visitors.back().asks(hello("visitor v" + std::to_string(i)));
    visitors.back().asks(open(id_of(2 * i - 1), "sales"));
    visitors.back().asks(open(id_of(2 * i), "billing"));
  }
  Peer agent(host);
  SUBCASE("at a quiet time") { agent.asks(hello("agent a")); }
  SUBCASE("while the list is being read") {
    host.store.slow = true;
    agent.asks(hello("agent a"));
  }
  const bool read = !host.store.slow;
  CHECK(agent.got("\"offer\"") == (read ? 2 : 0));
  let_serve(host, "a", "sales");
  host.pass(limits{}.presence_check * 6);  // longer than without other nodes
  host.store.slow = false;
  host.store.let_go();
  host.loop.run_until_idle();
  for (const int sales : {1, 3}) CHECK(agent.got("\"offer\"", id_of(sales)) == 1);
  for (const int billing : {2, 4}) {
    CHECK(agent.got("\"offer\"", id_of(billing)) == (read ? 1 : 0));
    CHECK(agent.got("\"offer_gone\"", id_of(billing)) == (read ? 1 : 0));
  }
}

TEST_CASE("a page that is older than what was told does not take it back") {
  Host host({}, picking_in_departments());
  Peer visitor(host);
  visitor.asks(hello("visitor v"));
  visitor.asks(open(id_of(1), "billing"));
  host.store.slow = true;
  Peer agent(host);
  agent.asks(hello("agent a"));
  const ConversationId id = *ConversationId::parse(id_of(1));
  std::uint64_t round = 0;
  host.store.get(conversation_key(id), [&](auto record) {
    round = wire::decode_conversation((**record).value)->assignment.epoch;
  });
  host.hub.change({core::Overflow{id, round, "sales"}},
                  [](DeskOutcome outcome) { CHECK(outcome.code == errc::ok); });
  host.loop.run_until_idle();
  CHECK(agent.got("\"offer\"", "sales") == 1);
  host.store.let_go();
  host.loop.run_until_idle();
  CHECK(agent.got("\"offer\"") == 1);
}

TEST_CASE("nobody is left with an offer that reached them behind its end, from another io thread") {
  ManualClock clock;
  memory::Store store(clock);
  ManualExecutor first, second;
  HubOptions options;
  options.clock = &clock;
  options.desk = picking();
  Hub hub({&first, &second}, store, std::move(options));
  hub.authenticate(std::make_unique<PlainTokens>());
  const auto pass = [&](Nanoseconds time) {
    clock.advance(time);
    for (ManualExecutor* const loop : {&first, &second}) loop->advance_to(loop->now() + time);
    while (first.run_one() || second.run_one()) {
    }
  };
  int number = 0;
  for (auto [queues, picks] : {std::pair(&first, &second), std::pair(&second, &first)}) {
    ++number;
    CAPTURE(number);
    for (int i = 0; i < 10; ++i) pass(1s);
    Peer visitor(hub, *queues);
    visitor.asks(hello("visitor v" + std::to_string(number)));
    visitor.says(open(id_of(number)));
    const auto stored = [&] {
      bool there = false;
      store.get(conversation_key(*ConversationId::parse(id_of(number))),
                [&](auto found) { there = found && *found; });
      return there;
    };
    while (!stored()) REQUIRE(queues->run_one());
    // The other thread reads of it from the store, and what it is told of it waits.
    Peer quick(hub, *picks), idle(hub, *picks);
    quick.says(hello("agent quick" + std::to_string(number)));
    idle.says(hello("agent idle" + std::to_string(number)));
    for (int i = 0; i < 40; ++i) picks->advance(100ms);
    queues->advance_to(picks->now());
    REQUIRE(quick.got("\"offer\"", id_of(number)) == 1);
    REQUIRE(idle.got("\"offer\"", id_of(number)) == 1);
    quick.asks("{\"type\":\"accept\"," + in_conversation(id_of(number)) + "}");
    for (int i = 0; i < 10; ++i) pass(250ms);
    CHECK(idle.got("\"offer\"", id_of(number)) == idle.got("\"offer_gone\"", id_of(number)));
    visitor.leaves();
  }
}
