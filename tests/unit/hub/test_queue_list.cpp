#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "unit/hub/host.hpp"

using namespace kefu;
using namespace kefu::testing;

namespace {

constexpr std::string_view kSecond = "0199c1d2-0000-7000-8000-000000000002";
constexpr std::string_view kThird = "0199c1d2-0000-7000-8000-000000000003";

std::string list_queue(std::string_view more = "") {
  return R"({"type":"list","ref":"q","scope":"queue")" + std::string(more) + "}";
}

std::string listed(const Peer& peer) {
  for (auto at = peer.frames.rbegin(); at != peer.frames.rend(); ++at) {
    if (at->find("\"list\"") != std::string::npos) return *at;
  }
  return {};
}

}  // namespace

TEST_CASE("a supervisor lists who waits, by department and in their order") {
  DeskOptions desk;
  for (const char* const id : {"billing", "sales"}) desk.departments.emplace_back().id = id;
  Host host({}, desk);
  Peer one(host), two(host), three(host), supervisor(host);
  one.asks(hello("visitor one"));
  two.asks(hello("visitor two"));
  three.asks(hello("visitor three"));
  one.asks(open(kConversation, "sales"));
  two.asks(open(kSecond, "billing"));
  host.pass(std::chrono::seconds(1));
  three.asks(open(kThird, "billing"));
  supervisor.asks(hello("supervisor s"));
  supervisor.asks(list_queue());
  const std::string list = listed(supervisor);
  CHECK(list.find(kSecond) < list.find(kThird));
  CHECK(list.find(kThird) < list.find(kConversation));
  CHECK(list.find(kConversation) != std::string::npos);
  CHECK(list.find("\"department\":\"billing\"") != std::string::npos);

  supervisor.asks(list_queue(R"(,"limit":2)"));
  CHECK(listed(supervisor).find("\"next\"") != std::string::npos);
  CHECK(listed(supervisor).find(kConversation) == std::string::npos);
}

TEST_CASE("nobody else does, and a scope that there isn't is refused") {
  Host host;
  Peer visitor(host), agent(host), supervisor(host);
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  visitor.asks(list_queue());
  CHECK(visitor.got("\"denied\"", "scope") == 1);
  agent.asks(hello("agent a"));
  agent.asks(list_queue());
  CHECK(agent.got("\"denied\"", "scope") == 1);
  supervisor.asks(hello("supervisor s"));
  supervisor.asks(R"({"type":"list","ref":"q","scope":"all"})");
  CHECK(supervisor.got("bad_frame", "scope") == 1);
  visitor.asks(R"({"type":"list","ref":"q","scope":"own"})");
  CHECK(listed(visitor).find(kConversation) != std::string::npos);
}
