#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>

#include "unit/hub/host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

TEST_CASE("an agent with a visitor's id does not come into the visitor's conversation") {
  Host host;
  Peer agent(host), visitor(host);
  agent.asks(hello("agent same"));
  visitor.asks(hello("visitor same"));
  visitor.asks(open());
  CHECK(visitor.got("\"joined\"") == 1);
  CHECK(agent.got("\"joined\"") == 0);
}

TEST_CASE("what can't be read is answered within the rate only") {
  limits bounds;
  bounds.frames_per_second = 10;
  Host host(bounds);
  Peer peer(host);
  for (int i = 0; i < 100; ++i) peer.asks("{");
  CHECK(peer.got("bad_frame") == 10);
  CHECK(peer.got("rate_limited") == 1);
  host.loop.advance(1s);
  peer.asks("[1,2,3]");
  CHECK(peer.got("bad_frame") == 13);
}

TEST_CASE("a message above max_frame counts as a frame") {
  limits bounds;
  bounds.frames_per_second = 10;
  Host host(bounds);
  Peer peer(host);
  for (int i = 0; i < 100; ++i) peer.asks(std::string(bounds.max_frame + 1, 'x'));
  CHECK(peer.got("too_large") == 10);
  CHECK(peer.got("rate_limited") == 1);
}

TEST_CASE("a hub refuses limits under which an answer may be larger than max_answer") {
  limits bounds;
  CHECK_NOTHROW(Host{bounds});
  bounds.max_list = 1000;
  CHECK_THROWS_AS(Host{bounds}, std::invalid_argument);
  bounds.max_answer = 8 * 1024 * 1024;
  CHECK_NOTHROW(Host{bounds});
  bounds.page_bytes = 4 * 1024 * 1024;
  CHECK_THROWS_AS(Host{bounds}, std::invalid_argument);
}

TEST_CASE("the largest pages stay within max_answer") {
  limits bounds;
  bounds.max_answer = 800'000;
  Host host(bounds);
  Pair pair(host);
  const auto say = [&](int cseq, const std::string& body) {
    pair.visitor.asks("{\"type\":\"send\"," + in_conversation() +
                      ",\"cseq\":" + std::to_string(cseq) + ",\"body\":\"" + body + "\"}");
  };
  std::string body;
  while (body.size() < 6 * 9000) body += "\\u0001";
  for (int cseq = 1; cseq <= 60; ++cseq) say(cseq, body);
  pair.visitor.frames.clear();
  pair.visitor.asks("{\"type\":\"history\"," + in_conversation() + ",\"after\":0,\"limit\":200}");
  REQUIRE(pair.visitor.frames.size() == 1);
  CHECK(pair.visitor.frames.front().size() > 6 * 5 * 9000);
  CHECK(pair.visitor.frames.front().size() <= bounds.max_answer);
}

TEST_CASE("what a host opens has texts within the limits") {
  Host host;
  Hub::OpenRequest request;
  request.id = *ConversationId::parse(kConversation);
  request.visitor = "v";
  request.subject = std::string(limits{}.max_subject + 1, 'x');
  std::optional<errc> code;
  host.hub.open(request, [&](result<Conversation> opened) { code = opened.error(); });
  host.loop.run_until_idle();
  CHECK(code == errc::too_large);
}

TEST_CASE("the frames of a participant are counted over all their connections") {
  limits bounds;
  bounds.frames_per_second_of_participant = 10;
  Host host(bounds);
  Peer one(host), two(host), other(host);
  for (Peer* const peer : {&one, &two}) peer->asks(hello("visitor same"));
  other.asks(hello("visitor other"));
  for (int i = 0; i < 10; ++i) {
    one.asks(R"({"type":"list"})");
    two.asks(R"({"type":"list"})");
    other.asks(R"({"type":"list"})");
  }
  CHECK(one.got("\"type\":\"list\"") + two.got("\"type\":\"list\"") == 10);
  CHECK(one.got("rate_limited", "frames_per_second_of_participant") +
            two.got("rate_limited", "frames_per_second_of_participant") ==
        10);
  CHECK(other.got("\"type\":\"list\"") == 10);
  host.loop.advance(1s);
  one.frames.clear();
  for (int i = 0; i < 10; ++i) one.asks(R"({"type":"list"})");
  CHECK(one.got("\"type\":\"list\"") == 10);
}

TEST_CASE("the frames of an address are counted before anybody says who they are") {
  limits bounds;
  bounds.frames_per_second_of_address = 10;
  Host host(bounds);
  std::deque<Peer> peers;
  for (int i = 0; i < 20; ++i) peers.emplace_back(host).asks("{");
  std::size_t limited = 0;
  for (const Peer& peer : peers) limited += peer.got("frames_per_second_of_address");
  CHECK(limited == 10);
}
