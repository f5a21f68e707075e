#include <kefu/core/departure.hpp>

#include <doctest/doctest.h>

#include <kefu/core/ending.hpp>
#include <kefu/core/offer.hpp>

#include "desk_rig.hpp"

namespace {

using namespace kefu;
using namespace kefu::core;
using namespace std::chrono_literals;
using S = ConversationState;
constexpr auto kFirst = Desk::kFirst;

TEST_CASE("whoever leaves while they wait is given up when their time is over") {
  Desk desk;
  CHECK(desk.run(VisitorLeft{kFirst, 10s, 2s}) == Rule::none);
  CHECK(desk.first().gone_until == desk.now + 10s);
  CHECK(due_at(desk.first()) == desk.now + 10s);
  desk.now = desk.now + 9s;
  CHECK(desk.run(VisitorLeft{kFirst, 10s, 2s}) == Rule::none);
  CHECK(!desk.changed);  // it does not begin anew
  CHECK(desk.run(Abandon{kFirst, true}) == Rule::too_early);
  desk.now = desk.now + 1s;
  CHECK(desk.run(Abandon{kFirst, true}) == Rule::none);
  CHECK(desk.first().state == S::abandoned);
  CHECK(!desk.first().gone_until);
  CHECK(!desk.has(open_key("vera", "billing")));
}

TEST_CASE("whoever is back keeps their place, and an offer is no reason to forget that they left") {
  Desk desk;
  CHECK(desk.run(VisitorBack{kFirst}) == Rule::none);
  CHECK(!desk.changed);
  CHECK(desk.run(VisitorLeft{kFirst, 10s, 2s}) == Rule::none);
  CHECK(desk.run(MakeOffer{kFirst, 0, "ann", desk.now + 5s}) == Rule::none);
  CHECK(due_at(desk.first()) == desk.now + 5s);
  CHECK(desk.first().gone_until);
  CHECK(desk.run(VisitorBack{kFirst}) == Rule::none);
  CHECK(!desk.first().gone_until);
  desk.now = desk.now + 10s;
  CHECK(desk.run(Abandon{kFirst, true}) == Rule::too_early);
}

TEST_CASE("what was offered to an agent is freed with the visitor's place") {
  Desk desk;
  CHECK(desk.run(MakeOffer{kFirst, 0, "ann", desk.now + 60s}) == Rule::none);
  CHECK(desk.run(VisitorLeft{kFirst, 10s, 2s}) == Rule::none);
  CHECK(due_at(desk.first()) == desk.now + 10s);
  desk.now = desk.now + 10s;
  CHECK(desk.run(Abandon{kFirst, true}) == Rule::none);
  CHECK(desk.agent("ann").slots.empty());
}

TEST_CASE("who leaves keeps what they don't wait for, or where nobody is given up") {
  Desk desk;
  CHECK(desk.run(VisitorLeft{kFirst, 0s, 2s}) == Rule::none);
  CHECK(!desk.changed);
  CHECK(desk.run(VisitorLeft{kFirst, 1s, 2s}) == Rule::none);
  CHECK(desk.first().gone_until == desk.now + 2s);  // other nodes need so long
  CHECK(desk.run(Accept{kFirst, "ann", std::nullopt}) == Rule::none);
  CHECK(!desk.first().gone_until);
  CHECK(desk.run(VisitorLeft{kFirst, 10s, 2s}) == Rule::none);
  CHECK(!desk.changed);
  CHECK(desk.run(VisitorLeft{Desk::kSecond, 10s, 2s}) == Rule::exists);
  CHECK(desk.run(VisitorBack{Desk::kSecond}) == Rule::exists);
}

}  // namespace
