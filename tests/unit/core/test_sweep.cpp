#include <kefu/core/sweep.hpp>

#include <doctest/doctest.h>

namespace {

using namespace kefu;
using namespace kefu::core;
using namespace std::chrono_literals;
constexpr Timestamp kNow{1'000'000'000'000};

SweepOptions options() {
  SweepOptions o;
  o.node = "here";
  o.grace = 30s;
  o.node_memory = 1h;
  return o;
}

/// Steps a sweep over pages, one for each scan that it asks for.
struct Rig {
  Sweep sweep{options()};
  SweepEffects out;
  std::vector<DeskCommand> commands;
  std::vector<ConversationId> judged;
  std::vector<Retained> expired;
  std::vector<ConversationId> missed;
  std::vector<sweep_effect::Merge> merges;
  bool done = false;

  explicit Rig(std::vector<DeskRecord> gone = {}) {
    sweep.start(out);
    page(index::kGone, std::move(gone));
  }
  /// Answers the open scan, which must be of that index.
  void page(std::string_view index, std::vector<DeskRecord> records, std::string next = {}) {
    const auto* scan = out.empty() ? nullptr : std::get_if<sweep_effect::Scan>(&out.back());
    REQUIRE(scan);
    CHECK(scan->index == index);
    out.clear();
    sweep.on_page(records, next, kNow, out);
    for (const SweepEffect& effect : out) {
      if (const auto* run = std::get_if<sweep_effect::Run>(&effect))
        commands.push_back(run->command);
      if (const auto* judge = std::get_if<sweep_effect::Judge>(&effect))
        judged.push_back(judge->conversation);
      if (const auto* old = std::get_if<sweep_effect::Expire>(&effect)) expired.push_back(old->of);
      if (const auto* look = std::get_if<sweep_effect::Look>(&effect))
        missed.push_back(look->conversation);
      if (const auto* merge = std::get_if<sweep_effect::Merge>(&effect)) merges.push_back(*merge);
      if (std::holds_alternative<sweep_effect::Done>(effect)) done = true;
    }
  }
  /// Nothing has been over for long.
  void no_old() {
    page(index::kExpiry, {});
    page(index::kExpiry, {});
  }
};

Conversation offered(Timestamp expires_at) {
  Conversation c;
  c.id = {1, 1};
  c.state = ConversationState::offered;
  c.assignment.offer = Offer{"ann", expires_at};
  return c;
}

TEST_CASE("with nothing due it reads one page of each index") {
  Rig rig;
  rig.page(index::kDue, {offered(kNow + 1ns)}, "more");  // and no more of it
  rig.page(index::kDue, {});
  rig.page(index::kAbsent, {});
  rig.page(index::kDue, {});
  rig.no_old();
  rig.page(index::kDue, {});
  rig.page(index::kDue, {NodeLease{"other", kNow, kNow + 1ns}}, "more");
  CHECK(rig.done);
  CHECK(rig.commands.empty());
}

TEST_CASE("offers expire, and what was held resumes") {
  Rig rig;
  Conversation held;
  held.id = {1, 2};
  held.state = ConversationState::on_hold;
  held.snooze_until = kNow;
  rig.page(index::kDue, {offered(kNow), held}, "more");
  REQUIRE(rig.commands.size() == 2);
  CHECK(std::holds_alternative<ExpireOffer>(rig.commands[0]));
  CHECK(std::holds_alternative<Resume>(rig.commands[1]));
  rig.page(index::kDue, {});
}

TEST_CASE("what the absent have goes back, offers at once and the rest after the grace period") {
  Agent ann;
  ann.id = "ann";
  ann.absent_since = kNow - 30s;
  ann.slots = {{ConversationId{1, 1}, "", SlotUse::owned, {}, {}},
               {ConversationId{1, 2}, "", SlotUse::wrap_up, {}, kNow}};
  Agent bob;
  bob.id = "bob";
  bob.absent_since = kNow - 1s;
  bob.slots = {{ConversationId{1, 3}, "", SlotUse::owned, {}, {}},
               {ConversationId{1, 4}, "", SlotUse::offered, {}, {}}};
  Rig rig;
  rig.page(index::kDue, {});
  rig.page(index::kDue, {ann});
  REQUIRE(rig.commands.size() == 1);
  CHECK(std::holds_alternative<EndWrapUp>(rig.commands[0]));
  rig.page(index::kAbsent, {ann, bob});
  REQUIRE(rig.commands.size() == 3);
  CHECK(std::get<ReturnAbsent>(rig.commands[1]).conversation == ConversationId{1, 1});
  CHECK(std::get<ReturnAbsent>(rig.commands[1]).judge == "here");
  CHECK(std::get<ReturnAbsent>(rig.commands[2]).conversation == ConversationId{1, 4});
}

TEST_CASE("the devices of expired nodes are dropped, and after long the nodes are forgotten") {
  Rig rig;
  rig.page(index::kDue, {});
  rig.page(index::kDue, {});
  rig.page(index::kAbsent, {});
  rig.page(index::kDue, {});
  rig.no_old();
  rig.page(index::kDue, {});
  const NodeLease old{"old", {}, kNow - 2h};
  const NodeLease late{"late", {}, kNow};
  const NodeLease own{"here", {}, kNow};  // it will renew its own
  rig.page(index::kDue, {old, late, own, NodeLease{"fine", {}, kNow + 1s}});
  Agent ann;
  ann.id = "ann";
  rig.page(index::kOnNode, {ann});
  REQUIRE(rig.commands.size() == 1);
  CHECK(std::get<DropDevices>(rig.commands[0]).node == "late");
  CHECK(std::get<DropDevices>(rig.commands[0]).agent == "ann");
  rig.page(index::kOnNode, {});
  REQUIRE(rig.commands.size() == 2);
  CHECK(std::get<ForgetNode>(rig.commands[1]).node == "old");
  CHECK(rig.done);
}

TEST_CASE("pending tickets wake at their time") {
  Ticket ticket;
  ticket.id = {4, 4};
  ticket.state = TicketState::pending;
  ticket.pending_until = kNow;
  Rig rig;
  rig.page(index::kDue, {});
  rig.page(index::kDue, {});
  rig.page(index::kAbsent, {});
  ticket.pending_until = kNow + 1ns;
  const Ticket later = ticket;
  ticket.pending_until = kNow;
  rig.page(index::kDue, {ticket, later}, "more");
  REQUIRE(rig.commands.size() == 1);
  CHECK(std::get<WakeTicket>(rig.commands[0]).ticket == ticket.id);
  rig.no_old();
  rig.page(index::kDue, {});
  rig.page(index::kDue, {});
  CHECK(rig.done);
}

TEST_CASE("what has been over for long is told, a page of it at a time") {
  Conversation old, later;
  old.id = {1, 1};
  old.state = ConversationState::closed;
  old.expires_at = kNow;
  later.id = {1, 2};
  later.state = ConversationState::abandoned;
  later.expires_at = kNow + 1ns;
  Ticket ticket;
  ticket.id = {4, 4};
  ticket.state = TicketState::closed;
  ticket.expires_at = kNow;
  Rig rig;
  rig.page(index::kDue, {});
  rig.page(index::kDue, {});
  rig.page(index::kAbsent, {});
  rig.page(index::kDue, {});
  rig.page(index::kExpiry, {old, later}, "more");
  rig.page(index::kExpiry, {ticket}, "more");
  CHECK(rig.expired == std::vector<Retained>{old.id, ticket.id});
  rig.page(index::kDue, {});
  rig.page(index::kDue, {});
  CHECK(rig.done);
}

TEST_CASE("SLA clocks that have come due are judged") {
  SlaClock clock;
  clock.conversation = {1, 9};
  clock.timers = {{SlaTarget::resolution, kNow, std::nullopt, Nanoseconds(0), false, false}};
  Rig rig;
  rig.page(index::kDue, {});
  rig.page(index::kDue, {});
  rig.page(index::kAbsent, {});
  rig.page(index::kDue, {});
  rig.no_old();
  rig.page(index::kDue, {});
  rig.page(index::kDue, {clock});
  CHECK(rig.judged == std::vector<ConversationId>{{1, 9}});
}

TEST_CASE("who has left is looked for everywhere, and given up when the time is over") {
  Conversation gone = offered(kNow + 5s);
  gone.gone_until = kNow + 1ns;
  Rig rig({gone});
  CHECK(rig.missed == std::vector<ConversationId>{gone.id});
  Conversation late = gone;
  late.gone_until = kNow;
  rig.page(index::kDue, {late, gone});
  REQUIRE(rig.commands.size() == 1);
  CHECK(std::get<Abandon>(rig.commands[0]).due);
}

TEST_CASE("a merge that nobody has ended goes on at its time") {
  Rig rig;
  rig.page(index::kDue, {});
  rig.page(index::kDue, {});
  rig.page(index::kAbsent, {});
  rig.page(index::kDue, {});
  rig.no_old();
  Contact begun{"v", {}, "c", kNow};
  Contact later{"w", {}, "c", kNow + 1ns};
  rig.page(index::kDue, {begun, later}, "more");
  REQUIRE(rig.merges.size() == 1);
  CHECK(rig.merges[0].visitor == "v");
  CHECK(rig.merges[0].contact == "c");
}

}  // namespace
