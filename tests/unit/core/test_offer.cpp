#include <kefu/core/offer.hpp>

#include <doctest/doctest.h>

#include "desk_rig.hpp"

namespace {

using namespace kefu;
using namespace kefu::core;
using S = ConversationState;
constexpr auto kFirst = Desk::kFirst;
constexpr auto kSecond = Desk::kSecond;
constexpr Nanoseconds kPause = std::chrono::seconds(60);

Timestamp in(const Desk& desk, int seconds) { return desk.now + std::chrono::seconds(seconds); }

TEST_CASE("an offer fills a slot, and accepting it makes an owner") {
  Desk desk;
  CHECK(desk.run(MakeOffer{kFirst, 0, "ann", in(desk, 30)}) == Rule::none);
  CHECK(desk.first().state == S::offered);
  CHECK(desk.first().holder() == "ann");
  CHECK(desk.first().owner() == "");
  CHECK(desk.epoch() == 1);
  CHECK(desk.agent("ann").free_slots("billing") == 1);
  CHECK(desk.agent("ann").last_offered_at == desk.now);

  CHECK(desk.run(Accept{kFirst, "ann", 1}) == Rule::none);
  CHECK(desk.first().state == S::active);
  CHECK(desk.first().owner() == "ann");
  CHECK(desk.epoch() == 2);
  CHECK(desk.agent("ann").free_slots("billing") == 1);
  REQUIRE(desk.entries.size() == 1);
  CHECK(desk.entries[0].kind == kind::kAssigned);
  CHECK(desk.entries[0].body == "ann");

  // Again: nothing happens.
  CHECK(desk.run(Accept{kFirst, "ann", 1}) == Rule::none);
  CHECK(!desk.changed);
  CHECK(desk.epoch() == 2);
}

TEST_CASE("an offer is made on what the router saw, or not at all") {
  Desk desk;
  CHECK(desk.run(MakeOffer{kSecond, 0, "ann", in(desk, 30)}) == Rule::exists);
  CHECK(desk.run(MakeOffer{kFirst, 7, "ann", in(desk, 30)}) == Rule::epoch);
  CHECK(desk.run(MakeOffer{kFirst, 0, "nobody", in(desk, 30)}) == Rule::presence);
  CHECK(desk.run(MakeOffer{kFirst, 0, "ann", in(desk, 30)}) == Rule::none);
  CHECK(desk.run(MakeOffer{kFirst, 1, "bob", in(desk, 30)}) == Rule::state_table);
}

TEST_CASE("nobody is offered more than fits, in all or in the department") {
  Desk desk;
  desk.open(kSecond, "victor");
  Agent ann = desk.agent("ann");
  ann.departments = {{"billing", 1}, {"sales", std::nullopt}};
  desk.put(ann);
  CHECK(desk.run(MakeOffer{kFirst, 0, "ann", in(desk, 30)}) == Rule::none);
  CHECK(desk.run(MakeOffer{kSecond, 0, "ann", in(desk, 30)}) == Rule::capacity);
  CHECK(desk.agent("ann").free_slots("sales") == 1);

  Agent bob = desk.agent("bob");
  bob.departments = {{"sales", std::nullopt}};
  desk.put(bob);
  CHECK(desk.run(MakeOffer{kSecond, 0, "bob", in(desk, 30)}) == Rule::department);
  bob = desk.agent("bob");
  bob.departments.clear();
  bob.intent = Intent::busy;
  desk.put(bob);
  CHECK(desk.run(MakeOffer{kSecond, 0, "bob", in(desk, 30)}) == Rule::presence);
}

TEST_CASE("an agent may pick a queued conversation, also a busy one, but not above capacity") {
  Desk desk;
  Agent ann = desk.agent("ann");
  ann.capacity = 1;
  ann.intent = Intent::busy;
  desk.put(ann);
  desk.open(kSecond, "victor");
  CHECK(desk.run(Accept{kFirst, "ann", std::nullopt}) == Rule::none);
  CHECK(desk.run(Accept{kSecond, "ann", std::nullopt}) == Rule::capacity);
  CHECK(desk.run(Accept{kFirst, "bob", std::nullopt}) == Rule::taken);
}

TEST_CASE("what is offered to one is not another's to accept or decline") {
  Desk desk;
  CHECK(desk.run(MakeOffer{kFirst, 0, "ann", in(desk, 30)}) == Rule::none);
  CHECK(desk.run(Accept{kFirst, "bob", std::nullopt}) == Rule::taken);
  CHECK(desk.run(Decline{kFirst, "bob", std::nullopt, kPause}) == Rule::offered);
}

TEST_CASE("a declined offer leaves the conversation at its place") {
  Desk desk;
  const Timestamp waiting_since = desk.first().assignment.waiting_since;
  CHECK(desk.run(MakeOffer{kFirst, 0, "ann", in(desk, 30)}) == Rule::none);
  desk.now = in(desk, 5);
  CHECK(desk.run(Decline{kFirst, "ann", 1, kPause}) == Rule::none);
  const Conversation c = desk.first();
  CHECK(c.state == S::queued);
  CHECK(c.assignment.waiting_since == waiting_since);
  CHECK(!c.assignment.returned);
  CHECK(c.assignment.declined == std::vector<Declined>{{"ann", desk.now + kPause}});
  CHECK(desk.agent("ann").slots.empty());
  CHECK(desk.agent("ann").handling == Nanoseconds(0));  // an offer is no work

  // Again, and after another offer to the same agent: the retry is known by its epoch.
  CHECK(desk.run(Decline{kFirst, "ann", 1, kPause}) == Rule::none);
  CHECK(desk.run(MakeOffer{kFirst, 2, "ann", in(desk, 30)}) == Rule::none);
  CHECK(desk.run(Decline{kFirst, "ann", 1, kPause}) == Rule::none);
  CHECK(desk.first().state == S::offered);
  CHECK(desk.run(Accept{kFirst, "ann", 1}) == Rule::epoch);
}

TEST_CASE("an offer runs out at its time, once") {
  Desk desk;
  CHECK(desk.run(MakeOffer{kFirst, 0, "ann", in(desk, 30)}) == Rule::none);
  CHECK(desk.run(ExpireOffer{kFirst, kPause}) == Rule::too_early);
  desk.now = in(desk, 30);
  CHECK(desk.run(ExpireOffer{kFirst, kPause}) == Rule::none);
  CHECK(desk.first().state == S::queued);
  CHECK(desk.first().assignment.history.back().step == AssignmentStep::expired);
  CHECK(desk.run(ExpireOffer{kFirst, kPause}) == Rule::none);
  CHECK(!desk.changed);
  CHECK(desk.run(Accept{kFirst, "ann", 1}) == Rule::epoch);
}

TEST_CASE("one that answers late, before anybody noticed, still gets it") {
  Desk desk;
  CHECK(desk.run(MakeOffer{kFirst, 0, "ann", in(desk, 30)}) == Rule::none);
  desk.now = in(desk, 31);
  CHECK(desk.run(Accept{kFirst, "ann", 1}) == Rule::none);
  CHECK(desk.run(ExpireOffer{kFirst, kPause}) == Rule::none);
  CHECK(desk.first().owner() == "ann");
}

TEST_CASE("the host is asked once in a round") {
  Desk desk;
  CHECK(desk.run(AskHost{kFirst, 0, in(desk, 2)}) == Rule::none);
  CHECK(desk.first().assignment.asked_until == in(desk, 2));
  CHECK(desk.run(AskHost{kFirst, 0, in(desk, 9)}) == Rule::epoch);
  CHECK(desk.run(Accept{kFirst, "ann", std::nullopt}) == Rule::none);
  CHECK(!desk.first().assignment.asked_until);
}

TEST_CASE("the history keeps the last steps") {
  Desk desk;
  for (std::size_t i = 0; i < Assignment::kHistory; ++i) {
    CHECK(desk.run(MakeOffer{kFirst, desk.epoch(), "ann", in(desk, 30)}) == Rule::none);
    CHECK(desk.run(Decline{kFirst, "ann", desk.epoch(), Nanoseconds(0)}) == Rule::none);
  }
  const std::vector<AssignmentEvent> history = desk.first().assignment.history;
  REQUIRE(history.size() == Assignment::kHistory);
  for (std::size_t i = 1; i < history.size(); ++i)
    CHECK(history[i].epoch == history[i - 1].epoch + 1);
  CHECK(history.back().epoch == desk.epoch());
}

}  // namespace
