#include <kefu/core/hold.hpp>

#include <doctest/doctest.h>

#include <kefu/core/offer.hpp>

#include "desk_rig.hpp"

namespace {

using namespace kefu;
using namespace kefu::core;
constexpr auto kFirst = Desk::kFirst;

TEST_CASE("held until its time, with the slot kept") {
  Desk desk;
  CHECK(desk.run(Hold{kFirst, by("ann"), std::nullopt}) == Rule::owner);
  CHECK(desk.run(Accept{kFirst, "ann", std::nullopt}) == Rule::none);
  const Timestamp until = desk.now + std::chrono::hours(1);
  CHECK(desk.run(Hold{kFirst, by("ann"), until}) == Rule::none);
  CHECK(desk.agent("ann").slots.size() == 1);
  CHECK(due_at(desk.first()) == until);
  CHECK(desk.run(Hold{kFirst, by("ann"), until}) == Rule::none);
  CHECK(!desk.changed);
  CHECK(desk.run(Resume{kFirst, Participant{}}) == Rule::too_early);
  desk.now = until;
  CHECK(desk.run(Resume{kFirst, Participant{}}) == Rule::none);
  CHECK(desk.first().owner() == "ann");
  CHECK(!due_at(desk.first()));
  CHECK(desk.entries.back().kind == kind::kResumed);
}

TEST_CASE("everybody in it may resume it, and nobody else") {
  Desk desk;
  CHECK(desk.run(Accept{kFirst, "ann", std::nullopt}) == Rule::none);
  CHECK(desk.run(Hold{kFirst, by("ann"), std::nullopt}) == Rule::none);
  CHECK(desk.run(Resume{kFirst, Participant{}}) == Rule::too_early);  // it has no timer
  CHECK(desk.run(Resume{kFirst, by("bob")}) == Rule::member);
  CHECK(desk.run(Resume{kFirst, by("vera", Role::visitor)}) == Rule::none);
  CHECK(desk.run(Resume{kFirst, by("ann")}) == Rule::none);
  CHECK(!desk.changed);
}

}  // namespace
