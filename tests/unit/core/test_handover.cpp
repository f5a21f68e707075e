#include <kefu/core/handover.hpp>

#include <doctest/doctest.h>

#include <kefu/core/hold.hpp>
#include <kefu/core/offer.hpp>

#include "desk_rig.hpp"

namespace {

using namespace kefu;
using namespace kefu::core;
using S = ConversationState;
constexpr auto kFirst = Desk::kFirst;
constexpr auto kSecond = Desk::kSecond;

/// "ann" owns the first conversation.
struct Owned : Desk {
  Owned() { REQUIRE(run(Accept{kFirst, "ann", std::nullopt}) == Rule::none); }
};

TEST_CASE("who gives it back puts it at the head of the queue") {
  Owned desk;
  desk.open(kSecond, "victor");
  desk.now = desk.now + std::chrono::minutes(1);
  CHECK(desk.run(Release{kFirst, by("bob"), std::nullopt}) == Rule::owner);
  CHECK(desk.run(Release{kFirst, by("vera", Role::visitor), std::nullopt}) == Rule::owner);
  CHECK(desk.run(Release{kFirst, by("ann"), 1}) == Rule::none);
  const Conversation c = desk.first();
  CHECK(c.state == S::queued);
  CHECK(c.agents.empty());
  CHECK(c.assignment.preferred == "ann");
  CHECK(queue_key(c) < queue_key(desk.conversation(kSecond)));
  CHECK(desk.agent("ann").slots.empty());
  CHECK(desk.agent("ann").handling == std::chrono::minutes(1));
  CHECK(desk.run(Release{kFirst, by("ann"), 1}) == Rule::none);  // a retry
  CHECK(desk.run(Release{kFirst, by("ann"), std::nullopt}) == Rule::state_table);
}

TEST_CASE("a transfer to an agent changes both slots at once, and carries its note") {
  Owned desk;
  CHECK(desk.run(TransferToAgent{kFirst, by("bob"), "bob", "", std::nullopt}) == Rule::owner);
  CHECK(desk.run(TransferToAgent{kFirst, by("ann"), "ann", "", std::nullopt}) == Rule::itself);
  CHECK(desk.run(TransferToAgent{kFirst, by("ann"), "zoe", "", std::nullopt}) == Rule::presence);
  CHECK(desk.run(TransferToAgent{kFirst, by("ann"), "bob", "knows", 1}) == Rule::none);
  CHECK(desk.first().owner() == "bob");
  CHECK(!desk.first().has_agent("ann"));
  CHECK(desk.agent("ann").slots.empty());
  CHECK(desk.agent("bob").slots.size() == 1);
  REQUIRE(desk.entries.size() == 3);
  CHECK(desk.entries[1].body == "bob");
  CHECK(desk.entries[2].log == Log::internal);
  CHECK(desk.entries[2].from == "ann");
  CHECK(desk.entries[2].body == "knows");
  CHECK(desk.run(TransferToAgent{kFirst, by("ann"), "bob", "knows", 1}) == Rule::none);
  CHECK(!desk.changed);
}

TEST_CASE("a transfer is refused when the target is full, and nothing changes") {
  Owned desk;
  Agent bob = desk.agent("bob");
  bob.capacity = 0;
  desk.put(bob);
  CHECK(desk.run(TransferToAgent{kFirst, by("ann"), "bob", "", std::nullopt}) == Rule::capacity);
  CHECK(desk.first().owner() == "ann");
}

TEST_CASE("what was on hold is active with its new owner") {
  Owned desk;
  CHECK(desk.run(Hold{kFirst, by("ann"), desk.now}) == Rule::none);
  CHECK(desk.run(TransferToAgent{kFirst, by("ann"), "bob", "", std::nullopt}) == Rule::none);
  CHECK(desk.first().state == S::active);
  CHECK(!desk.first().snooze_until);
}

TEST_CASE("a transfer to a department moves the visitor's place there") {
  Owned desk;
  CHECK(desk.run(TransferToDepartment{kFirst, by("ann"), "billing", "", std::nullopt}) ==
        Rule::itself);
  CHECK(desk.run(TransferToDepartment{kFirst, by("ann"), "sales", "wants more", 1}) == Rule::none);
  CHECK(desk.first().department == "sales");
  CHECK(desk.first().state == S::queued);
  CHECK(desk.first().assignment.returned);
  CHECK(desk.first().assignment.preferred.empty());
  CHECK(!desk.has(open_key("vera", "billing")));
  CHECK(desk.get<OpenConversation>(open_key("vera", "sales")).conversation == kFirst);
  CHECK(desk.run(TransferToDepartment{kFirst, by("ann"), "sales", "wants more", 1}) == Rule::none);
  CHECK(!desk.changed);
}

TEST_CASE("where the visitor has an open one already, nothing moves") {
  Owned desk;
  desk.put(OpenConversation{"vera", "sales", kSecond});
  CHECK(desk.run(TransferToDepartment{kFirst, by("ann"), "sales", "", std::nullopt}) ==
        Rule::one_open);
  CHECK(desk.first().owner() == "ann");
}

TEST_CASE("taking over frees the one and fills the other, from any state with somebody waiting") {
  Owned desk;
  CHECK(desk.run(TakeOver{kFirst, by("vera", Role::visitor), std::nullopt}) == Rule::member);
  CHECK(desk.run(TakeOver{kFirst, by("boss", Role::supervisor), std::nullopt}) == Rule::none);
  CHECK(desk.first().owner() == "boss");
  CHECK(desk.agent("ann").slots.empty());
  CHECK(desk.run(TakeOver{kFirst, by("boss", Role::supervisor), std::nullopt}) == Rule::none);
  CHECK(!desk.changed);

  desk.open(kSecond, "victor");
  CHECK(desk.run(MakeOffer{kSecond, 0, "ann", desk.now}) == Rule::none);
  CHECK(desk.run(TakeOver{kSecond, by("bob"), 0}) == Rule::epoch);
  CHECK(desk.run(TakeOver{kSecond, by("bob"), 1}) == Rule::none);
  CHECK(desk.conversation(kSecond).owner() == "bob");
  CHECK(desk.agent("ann").slots.empty());

  Agent ann = desk.agent("ann");
  ann.capacity = 0;
  desk.put(ann);
  CHECK(desk.run(TakeOver{kSecond, by("ann"), std::nullopt}) == Rule::capacity);
}

TEST_CASE("an offer to oneself is taken over with the slot it has") {
  Desk desk;
  Agent ann = desk.agent("ann");
  ann.capacity = 1;
  desk.put(ann);
  CHECK(desk.run(MakeOffer{kFirst, 0, "ann", desk.now}) == Rule::none);
  CHECK(desk.run(TakeOver{kFirst, by("ann"), std::nullopt}) == Rule::none);
  CHECK(desk.first().owner() == "ann");
}

TEST_CASE("overflow keeps the waiting time") {
  Desk desk;
  const Timestamp since = desk.first().assignment.waiting_since;
  desk.now = desk.now + std::chrono::minutes(5);
  CHECK(desk.run(Overflow{kFirst, 3, "sales"}) == Rule::epoch);
  CHECK(desk.run(Overflow{kFirst, 0, "sales"}) == Rule::none);
  CHECK(desk.first().department == "sales");
  CHECK(desk.first().assignment.waiting_since == since);
  CHECK(!desk.first().assignment.returned);
  CHECK(desk.get<OpenConversation>(open_key("vera", "sales")).conversation == kFirst);
}

}  // namespace
