#include <kefu/core/presence.hpp>

#include <doctest/doctest.h>

#include <kefu/core/offer.hpp>

#include "desk_rig.hpp"

namespace {

using namespace kefu;
using namespace kefu::core;
using S = ConversationState;
using namespace std::chrono_literals;
constexpr auto kFirst = Desk::kFirst;
constexpr auto kSecond = Desk::kSecond;
constexpr Nanoseconds kLease = 10s;
constexpr Nanoseconds kGrace = 30s;

/// "ann" is on the node "here", owns the first conversation and is offered the second; "judge" is
/// another node, which has been there for long.
struct Present : Desk {
  const Device device{SessionId{9, 'a'}, 1, "node"};

  Present() {
    REQUIRE(run(RenewLease{"judge", kLease}) == Rule::none);
    pass(kGrace);
    REQUIRE(run(RenewLease{"node", kLease}) == Rule::none);
    REQUIRE(run(Accept{kFirst, "ann", std::nullopt}) == Rule::none);
    open(kSecond, "victor");
    REQUIRE(run(MakeOffer{kSecond, 0, "ann", now + 1h}) == Rule::none);
  }
  /// Time passes, and the judge keeps its lease.
  void pass(Nanoseconds time) {
    for (; time > 5s; time -= 5s) {
      now = now + 5s;
      REQUIRE(run(RenewLease{"judge", kLease}) == Rule::none);
    }
    now = now + time;
    REQUIRE(run(RenewLease{"judge", kLease}) == Rule::none);
  }
  Rule return_first() { return run(ReturnAbsent{"ann", kFirst, "judge", kGrace}); }
};

TEST_CASE("an absent agent keeps what is theirs for the grace period, but no offer") {
  Present desk;
  CHECK(desk.return_first() == Rule::presence);
  CHECK(desk.run(DetachDevice{"ann", desk.device}) == Rule::none);
  CHECK(desk.run(ReturnAbsent{"ann", kSecond, "judge", kGrace}) == Rule::none);
  CHECK(desk.conversation(kSecond).state == S::queued);
  CHECK(!desk.conversation(kSecond).assignment.returned);
  CHECK(desk.return_first() == Rule::too_early);
  desk.pass(kGrace - 1ns);
  CHECK(desk.return_first() == Rule::too_early);
  desk.pass(1ns);
  CHECK(desk.return_first() == Rule::none);
  CHECK(desk.first().state == S::queued);
  CHECK(desk.first().assignment.returned);
  CHECK(desk.first().assignment.preferred == "ann");
  CHECK(queue_key(desk.first()) < queue_key(desk.conversation(kSecond)));
  CHECK(desk.return_first() == Rule::none);
  CHECK(!desk.changed);
}

TEST_CASE("who comes back in time loses nothing, and the grace period starts anew") {
  Present desk;
  CHECK(desk.run(DetachDevice{"ann", desk.device}) == Rule::none);
  desk.pass(kGrace - 1s);
  CHECK(desk.run(RenewLease{"node", kLease}) == Rule::none);
  CHECK(desk.run(AttachDevice{"ann", {SessionId{9, 'a'}, 2, "node"}}) == Rule::none);
  desk.pass(1s);
  CHECK(desk.return_first() == Rule::presence);
  CHECK(desk.run(DetachDevice{"ann", {SessionId{9, 'a'}, 2, "node"}}) == Rule::none);
  CHECK(desk.return_first() == Rule::too_early);
}

TEST_CASE("a detach takes along what the session had on that node before") {
  Present desk;
  CHECK(desk.run(DetachDevice{"ann", {desk.device.session, 2, "judge"}}) == Rule::none);
  CHECK(!desk.changed);
  CHECK(desk.run(DetachDevice{"ann", {desk.device.session, 2, "node"}}) == Rule::none);
  CHECK(desk.agent("ann").devices.empty());
}

TEST_CASE("several devices: the agent is there until the last has gone") {
  Present desk;
  CHECK(desk.run(AttachDevice{"ann", {SessionId{9, 9}, 1, "node"}}) == Rule::none);
  CHECK(desk.run(DetachDevice{"ann", desk.device}) == Rule::none);
  CHECK(!desk.agent("ann").absent_since);
  CHECK(desk.run(DetachDevice{"ann", {SessionId{9, 9}, 1, "node"}}) == Rule::none);
  CHECK(desk.agent("ann").absent_since == desk.now);
}

TEST_CASE("a late detach does not hit the connection that came after it, here or elsewhere") {
  Present desk;
  CHECK(desk.run(AttachDevice{"ann", {desk.device.session, 2, "judge"}}) == Rule::none);
  CHECK(desk.run(DetachDevice{"ann", desk.device}) == Rule::none);
  CHECK(!desk.changed);
  CHECK(desk.run(AttachDevice{"ann", desk.device}) == Rule::none);  // late, too
  CHECK(!desk.changed);
}

TEST_CASE("an expired node's devices go, and its agents have been gone since the lease ran out") {
  Present desk;
  const DropDevices drop{"ann", "node", "judge", kGrace};
  CHECK(desk.run(drop) == Rule::too_early);
  const Timestamp until = desk.get<NodeLease>(node_key("node")).until;
  desk.pass(kLease + 3s);
  CHECK(desk.run(drop) == Rule::none);
  CHECK(desk.agent("ann").devices.empty());
  CHECK(desk.agent("ann").absent_since == until);
  CHECK(desk.run(drop) == Rule::none);
  CHECK(!desk.changed);
}

TEST_CASE("a device that is found dead late does not shorten the grace period of the others") {
  Present desk;
  const Device other{SessionId{9, 9}, 1, "judge"};
  CHECK(desk.run(AttachDevice{"ann", other}) == Rule::none);
  desk.pass(kLease + 5s);  // the node of the first device is dead, and nobody has noticed
  CHECK(desk.run(DetachDevice{"ann", other}) == Rule::none);
  const Timestamp left = desk.now;
  desk.pass(1s);
  CHECK(desk.run(DropDevices{"ann", "node", "judge", kGrace}) == Rule::none);
  CHECK(desk.agent("ann").absent_since == left);
}

TEST_CASE("a node without a valid lease attaches nobody") {
  Present desk;
  CHECK(desk.run(AttachDevice{"bob", {SessionId{9, 8}, 1, "unknown"}}) == Rule::lease);
  desk.now = desk.now + kLease;
  CHECK(desk.run(AttachDevice{"bob", {SessionId{9, 8}, 1, "node"}}) == Rule::lease);
  CHECK(desk.run(RenewLease{"node", kLease}) == Rule::none);
  CHECK(desk.run(AttachDevice{"bob", {SessionId{9, 8}, 1, "node"}}) == Rule::none);
}

TEST_CASE("after an outage, a clock step or a restart nobody is judged for a grace period") {
  Present desk;
  CHECK(desk.run(DetachDevice{"ann", desk.device}) == Rule::none);
  desk.now = desk.now + 10min;  // nobody could write, or the clock has jumped
  CHECK(desk.run(RenewLease{"judge", kLease}) == Rule::none);
  CHECK(desk.return_first() == Rule::lease);
  CHECK(desk.run(DropDevices{"bob", "node", "judge", kGrace}) == Rule::lease);
  desk.pass(kGrace - 1ns);
  CHECK(desk.return_first() == Rule::lease);
  desk.pass(1ns);
  CHECK(desk.return_first() == Rule::none);
  CHECK(desk.first().state == S::queued);
  // A node that has just started judges nobody either.
  CHECK(desk.run(RenewLease{"fresh", kLease}) == Rule::none);
  CHECK(desk.run(ReturnAbsent{"ann", kFirst, "fresh", kGrace}) == Rule::lease);
}

TEST_CASE("an expired node is remembered, for an attach may still be on its way") {
  Present desk;
  const ForgetNode forget{"node", 24h};
  CHECK(desk.run(forget) == Rule::too_early);
  desk.now = desk.now + kLease + 24h;
  CHECK(desk.run(forget) == Rule::none);
  CHECK(!desk.has(node_key("node")));
  CHECK(desk.run(forget) == Rule::none);
}

TEST_CASE("intent and capacity are kept; lowering the capacity takes nothing away") {
  Present desk;
  CHECK(desk.run(SetIntent{"ann", Intent::away, 1}) == Rule::none);
  CHECK(desk.agent("ann").slots.size() == 2);
  CHECK(desk.agent("ann").free_slots("billing") == 0);
  CHECK(desk.run(SetIntent{"ann", Intent::away, std::nullopt}) == Rule::none);
  CHECK(!desk.changed);
}

}  // namespace
