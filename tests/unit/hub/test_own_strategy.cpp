// The strategy that CONTRIBUTING.md adds, where a host would have it.
#include <kefu/core/routing.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "unit/hub/host.hpp"

using namespace kefu;
using namespace kefu::testing;

namespace {

/// Whoever has the fewest conversations of this department, so that who serves several keeps room
/// for each; the id decides between equals.
core::RoutingStrategy fewest_of_department() {
  return [](const Conversation& c, const core::RoutingSnapshot& snapshot) -> core::Proposal {
    const std::vector<const Agent*> all = core::candidates(c, snapshot);
    const auto rank = [&c](const Agent* agent) {
      const auto has = std::ranges::count(agent->slots, c.department, &AgentSlot::department);
      return std::pair{has, std::string_view(agent->id)};
    };
    const auto best = std::ranges::min_element(all, {}, rank);
    if (best == all.end()) return {};
    return {core::Proposal::What::agent, (*best)->id, {}};
  };
}

DeskOptions desk() {
  DeskOptions desk;
  desk.strategies["fewest_of_department"] = fewest_of_department();
  desk.strategy = "fewest_of_department";
  return desk;
}

Agent agent(std::string id) {
  Agent a;
  a.id = std::move(id);
  a.capacity = 4;
  a.devices.push_back({SessionId{1, 1}, 1, "node"});
  return a;
}

}  // namespace

TEST_CASE("an own strategy proposes by what it sees") {
  Conversation c;
  c.department = "billing";
  Agent ann = agent("ann");
  ann.slots.push_back({ConversationId{5, 1}, "billing", SlotUse::owned, {}, {}});
  Agent bob = agent("bob");
  bob.slots.push_back({ConversationId{5, 2}, "sales", SlotUse::owned, {}, {}});
  bob.slots.push_back({ConversationId{5, 3}, "sales", SlotUse::owned, {}, {}});
  const core::RoutingStrategy strategy = fewest_of_department();
  CHECK(strategy(c, {"billing", {}, {ann, bob}}).agent == "bob");
  CHECK(strategy(c, {"billing", {}, {bob, agent("cid"), agent("abe")}}).agent == "abe");
  CHECK(strategy(c, {"billing", {}, {}}).what == core::Proposal::What::nobody);
}

TEST_CASE("a hub asks whom an own strategy proposes") {
  Host host({}, desk());
  Peer ann(host);
  ann.asks(hello("agent ann"));
  Peer bob(host);
  bob.asks(hello("agent bob"));
  Peer visitor(host);
  visitor.asks(hello("visitor vera"));
  visitor.asks(open("0199c1d2-0000-7000-8000-000000000001"));
  CHECK(ann.got("\"offer\"") == 1);
  CHECK(bob.got("\"offer\"") == 0);
}
