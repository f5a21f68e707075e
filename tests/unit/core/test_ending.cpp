#include <kefu/core/ending.hpp>

#include <doctest/doctest.h>

#include <kefu/core/offer.hpp>
#include <kefu/core/presence.hpp>

#include "desk_rig.hpp"

namespace {

using namespace kefu;
using namespace kefu::core;
using S = ConversationState;
constexpr auto kFirst = Desk::kFirst;

TEST_CASE("resolving frees the slot, and the conversation stays open") {
  Desk desk;
  CHECK(desk.run(Resolve{kFirst, by("ann"), {}}) == Rule::state_table);
  CHECK(desk.run(Accept{kFirst, "ann", std::nullopt}) == Rule::none);
  CHECK(desk.run(Resolve{kFirst, by("bob"), {}}) == Rule::owner);
  desk.now = desk.now + std::chrono::minutes(8);
  CHECK(desk.run(Resolve{kFirst, by("ann"), {}}) == Rule::none);
  CHECK(desk.first().state == S::resolved);
  CHECK(desk.first().assignment.preferred == "ann");
  CHECK(desk.agent("ann").slots.empty());
  CHECK(desk.agent("ann").handling == std::chrono::minutes(8));
  CHECK(desk.agent("ann").idle_since == desk.now);
  CHECK(desk.has(open_key("vera", "billing")));
  CHECK(desk.run(Resolve{kFirst, by("ann"), {}}) == Rule::none);  // a retry
  CHECK(!desk.changed);
  CHECK(desk.run(Close{kFirst, by("vera", Role::visitor), {}}) == Rule::none);
  CHECK(!desk.has(open_key("vera", "billing")));
}

TEST_CASE("wrap-up time keeps the slot filled") {
  Desk desk;
  Agent ann = desk.agent("ann");
  ann.capacity = 1;
  desk.put(ann);
  CHECK(desk.run(Accept{kFirst, "ann", std::nullopt}) == Rule::none);
  CHECK(desk.run(Resolve{kFirst, by("ann"), std::chrono::seconds(30)}) == Rule::none);
  CHECK(desk.agent("ann").free_slots("billing") == 0);
  CHECK(due_at(desk.agent("ann")) == desk.now + std::chrono::seconds(30));
  CHECK(desk.run(EndWrapUp{"ann"}) == Rule::none);
  CHECK(!desk.changed);
  desk.now = desk.now + std::chrono::seconds(30);
  CHECK(desk.run(EndWrapUp{"ann"}) == Rule::none);
  CHECK(desk.agent("ann").free_slots("billing") == 1);
}

TEST_CASE("closing frees whatever is held, in every state from which it may") {
  Desk desk;
  CHECK(desk.run(MakeOffer{kFirst, 0, "ann", desk.now}) == Rule::none);
  CHECK(desk.run(Close{kFirst, by("victor", Role::visitor), {}}) == Rule::exists);
  CHECK(desk.run(Close{kFirst, by("vera", Role::visitor), {}}) == Rule::none);
  CHECK(desk.first().state == S::closed);
  CHECK(!desk.first().assignment.offer);
  CHECK(desk.agent("ann").slots.empty());
  CHECK(desk.run(Close{kFirst, by("vera", Role::visitor), {}}) == Rule::none);
  CHECK(!desk.changed);
  CHECK(desk.run(Accept{kFirst, "ann", std::nullopt}) == Rule::state_table);
}

TEST_CASE("only who still waits can give up") {
  Desk desk;
  CHECK(desk.run(Accept{kFirst, "ann", std::nullopt}) == Rule::none);
  CHECK(desk.run(Abandon{kFirst}) == Rule::state_table);
  Desk other;
  CHECK(other.run(Abandon{kFirst}) == Rule::none);
  CHECK(other.first().state == S::abandoned);
  CHECK(!other.has(open_key("vera", "billing")));
  CHECK(other.run(Abandon{kFirst}) == Rule::none);
  CHECK(!other.changed);
}

}  // namespace
