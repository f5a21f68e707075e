#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <chrono>

#include "unit/hub/host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

TEST_CASE("the first receipt is relayed at once, to the others alone") {
  Host host;
  Pair pair(host);
  pair.agent.asks(signal("delivered", 2));
  CHECK(pair.visitor.got("\"receipt\"", "\"from\":\"a\",\"delivered\":2}") == 1);
  CHECK(pair.agent.got("\"receipt\"") == 0);
}

TEST_CASE("receipts that follow are relayed together, and the last ones alone") {
  Host host;
  Pair pair(host);
  for (std::uint64_t seq = 1; seq <= 100; ++seq) {
    pair.agent.asks(signal("delivered", seq));
    pair.agent.asks(signal("read", seq));
  }
  CHECK(pair.visitor.got("\"receipt\"") == 1);
  host.loop.advance(limits{}.receipt_interval * 2);
  CHECK(pair.visitor.got("\"receipt\"") == 2);
  CHECK(pair.visitor.got("\"delivered\":100,\"read\":100}") == 1);
  host.loop.advance(10s);
  CHECK(pair.visitor.got("\"receipt\"") == 2);
}

TEST_CASE("each reader has receipts of its own") {
  Host host;
  Pair pair(host);
  pair.agent.asks(signal("delivered", 2));
  pair.visitor.asks(signal("delivered", 1));
  host.loop.advance(limits{}.receipt_interval * 2);
  CHECK(pair.visitor.got("\"receipt\"") == 1);
  CHECK(pair.agent.got("\"receipt\"", "\"from\":\"v\",\"delivered\":1}") == 1);
}

TEST_CASE("receipts go forwards only, over all devices of a participant") {
  Host host;
  Pair pair(host);
  Peer second(host);
  second.asks(hello("agent a"));
  pair.agent.asks(signal("read", 5));
  host.loop.advance(10s);
  second.asks(signal("read", 4));
  pair.agent.asks(signal("read", 5));
  host.loop.advance(10s);
  CHECK(pair.visitor.got("\"receipt\"") == 1);
  CHECK(second.got("\"receipt\"", "\"read\":5") == 1);
}

TEST_CASE("a receipt that waits is relayed before its reader is forgotten") {
  Host host;
  Pair pair(host);
  pair.agent.asks(signal("read", 1));
  pair.agent.asks(signal("read", 2));
  pair.agent.leaves();
  CHECK(pair.visitor.got("\"receipt\"", "\"read\":2") == 1);
}

TEST_CASE("a receipt for somebody else's conversation is an error") {
  Host host;
  Pair pair(host);
  Peer stranger(host);
  stranger.asks(hello("visitor w"));
  stranger.asks(signal("delivered", 1));
  CHECK(stranger.got("not_found") == 1);
  CHECK(pair.visitor.got("\"receipt\"") == 0);
}
