#include <kefu/core/routing.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using namespace kefu;
using namespace kefu::core;
using namespace std::chrono_literals;
using What = Proposal::What;

Agent agent(std::string id, std::uint32_t capacity = 4, std::size_t filled = 0) {
  Agent a;
  a.id = std::move(id);
  a.capacity = capacity;
  a.devices.push_back({SessionId{1, 1}, 1, "node"});
  for (std::uint64_t i = 0; i < filled; ++i)
    a.slots.push_back({ConversationId{5, i}, "billing", SlotUse::owned, {}, {}});
  return a;
}

Conversation waiting() {
  Conversation c;
  c.id = {1, 1};
  c.visitor = "vera";
  c.department = "billing";
  return c;
}

RoutingSnapshot with(std::vector<Agent> agents) {
  return {"billing", Timestamp{1'000'000'000}, std::move(agents)};
}

std::string chosen(const RoutingStrategy& strategy, const Conversation& c,
                   const RoutingSnapshot& snapshot) {
  const Proposal proposal = strategy(c, snapshot);
  CHECK((proposal.what == What::agent) == !proposal.agent.empty());
  return proposal.agent;
}

TEST_CASE("no strategy proposes who can't be asked") {
  Agent gone = agent("gone");
  gone.devices.clear();
  Agent busy = agent("busy");
  busy.intent = Intent::busy;
  Agent elsewhere = agent("elsewhere");
  elsewhere.departments = {{"sales", std::nullopt}};
  const RoutingSnapshot snapshot = with({gone, busy, elsewhere, agent("full", 1, 1)});
  for (const RoutingStrategy& strategy :
       {round_robin(), least_loaded(), longest_idle(), manual_pick(), sticky(round_robin()),
        skill_match(round_robin())}) {
    Conversation c = waiting();
    c.assignment.preferred = "gone";
    CHECK(strategy(c, snapshot).what == What::nobody);
  }
}

TEST_CASE("who declined is left out until the pause is over") {
  Conversation c = waiting();
  c.assignment.declined = {{"ann", Timestamp{1'000'000'001}}};
  RoutingSnapshot snapshot = with({agent("ann"), agent("bob")});
  CHECK(chosen(round_robin(), c, snapshot) == "bob");
  snapshot.now = Timestamp{1'000'000'001};
  CHECK(chosen(round_robin(), c, snapshot) == "ann");
}

TEST_CASE("round robin: in turn") {
  RoutingSnapshot snapshot = with({agent("ann"), agent("bob"), agent("cid")});
  std::string order;
  for (int i = 0; i < 6; ++i) {
    const std::string next = chosen(round_robin(), waiting(), snapshot);
    order += next.front();
    for (Agent& a : snapshot.agents) {
      if (a.id == next) a.last_offered_at = Timestamp{i + 1};
    }
  }
  CHECK(order == "abcabc");
}

TEST_CASE("least loaded: in proportion to what fits") {
  CHECK(chosen(least_loaded(), waiting(), with({agent("a", 2, 1), agent("b", 8, 3)})) == "b");
  CHECK(chosen(least_loaded(), waiting(), with({agent("a", 2, 0), agent("b", 8, 1)})) == "a");
  Agent later = agent("a", 4, 2);
  later.last_offered_at = Timestamp{1};
  CHECK(chosen(least_loaded(), waiting(), with({later, agent("b", 2, 1)})) == "b");
}

TEST_CASE("longest idle: who finished longest ago") {
  Agent a = agent("a");
  a.idle_since = Timestamp{9};
  Agent b = agent("b");
  b.idle_since = Timestamp{8};
  CHECK(chosen(longest_idle(), waiting(), with({a, b})) == "b");
}

TEST_CASE("sticky: the agent from before, or the fallback") {
  Conversation c = waiting();
  c.assignment.preferred = "bob";
  CHECK(chosen(sticky(round_robin()), c, with({agent("ann"), agent("bob")})) == "bob");
  CHECK(chosen(sticky(round_robin()), c, with({agent("ann"), agent("bob", 1, 1)})) == "ann");
  c.assignment.preferred.clear();
  CHECK(chosen(sticky(round_robin()), c, with({agent("ann")})) == "ann");
}

TEST_CASE("skill match: only who can, of them the best, and of equals as told") {
  Agent ann = agent("ann");
  ann.skills = {{"refunds", 1}, {"french", 1}};
  Agent bob = agent("bob");
  bob.skills = {{"refunds", 3}};
  Agent cid = agent("cid");
  cid.skills = {{"refunds", 3}};
  cid.languages = {"zh"};
  const RoutingSnapshot snapshot = with({agent("any"), ann, bob, cid});
  const RoutingStrategy strategy = skill_match(round_robin());
  Conversation c = waiting();
  CHECK(chosen(strategy, c, snapshot) == "ann");
  c.skills = {"refunds"};
  CHECK(chosen(strategy, c, snapshot) == "bob");
  c.skills = {"refunds", "french"};
  CHECK(chosen(strategy, c, snapshot) == "ann");
  c.skills = {"juggling"};
  CHECK(strategy(c, snapshot).what == What::nobody);
  c.skills = {"refunds"};
  c.language = "zh";
  CHECK(chosen(strategy, c, with({ann, cid})) == "cid");  // ann speaks any, but knows less
  c.language = "en";
  CHECK(chosen(strategy, c, with({ann, cid})) == "ann");
}

TEST_CASE("the host decides first, and the fallback when it is late") {
  const RoutingStrategy strategy = ask_host(2s, round_robin());
  RoutingSnapshot snapshot = with({agent("ann")});
  Conversation c = waiting();
  const Proposal asked = strategy(c, snapshot);
  CHECK(asked.what == What::ask_host);
  CHECK(asked.deadline == 2s);
  c.assignment.asked_until = snapshot.now + 2s;
  CHECK(strategy(c, snapshot).what == What::nobody);
  snapshot.now = snapshot.now + 2s;
  CHECK(chosen(strategy, c, snapshot) == "ann");
}

}  // namespace
