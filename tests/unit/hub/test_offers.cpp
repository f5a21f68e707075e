#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <deque>

#include "unit/hub/host.hpp"

using namespace kefu;
using namespace kefu::testing;

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
