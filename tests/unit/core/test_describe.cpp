#include <kefu/core/describe.hpp>

#include <doctest/doctest.h>

#include <kefu/core/offer.hpp>

#include "desk_rig.hpp"

namespace {

using namespace kefu;
using namespace kefu::core;
constexpr auto kFirst = Desk::kFirst;
constexpr auto kSecond = Desk::kSecond;

TEST_CASE("agents join without a slot, and leave; the owner does neither") {
  Desk desk;
  CHECK(desk.run(Join{kFirst, "bob"}) == Rule::state_table);
  CHECK(desk.run(Accept{kFirst, "ann", std::nullopt}) == Rule::none);
  CHECK(desk.run(Join{kFirst, "bob"}) == Rule::none);
  CHECK(desk.run(Join{kFirst, "bob"}) == Rule::none);
  CHECK(!desk.changed);
  CHECK(desk.first().owner() == "ann");
  CHECK(desk.agent("bob").slots.empty());
  CHECK(desk.run(Leave{kFirst, "ann"}) == Rule::state_table);
  CHECK(desk.run(Leave{kFirst, "bob"}) == Rule::none);
  CHECK(desk.run(Leave{kFirst, "bob"}) == Rule::none);
  CHECK(!desk.changed);
}

TEST_CASE("a higher priority moves it forward") {
  Desk desk;
  desk.now = desk.now + std::chrono::minutes(1);
  desk.open(kSecond, "victor");
  CHECK(queue_key(desk.first()) < queue_key(desk.conversation(kSecond)));
  Describe ask{kSecond, Participant{}, {}, Priority::urgent, {}, {}, {{"b", "a", "b"}}, {}};
  CHECK(desk.run(ask) == Rule::none);
  CHECK(queue_key(desk.conversation(kSecond)) < queue_key(desk.first()));
  CHECK(desk.conversation(kSecond).tags == std::vector<std::string>{"a", "b"});
  CHECK(desk.run(ask) == Rule::none);
  CHECK(!desk.changed);
  ask.by = by("bob");
  CHECK(desk.run(ask) == Rule::exists);
}

}  // namespace
