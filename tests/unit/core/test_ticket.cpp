#include <kefu/core/ticket.hpp>

#include <doctest/doctest.h>

#include "desk_rig.hpp"

namespace {

using namespace kefu;
using namespace kefu::core;
using S = TicketState;
constexpr TicketId kOne{3, 1};
constexpr TicketId kTwo{3, 2};

struct Tickets : DeskRig {
  Tickets() {
    for (const TicketId id : {kOne, kTwo}) {
      Ticket ticket;
      ticket.id = id;
      ticket.requester = "vera";
      ticket.tags = {"x", "a"};
      ticket.conversations = {{1, id.lo}};
      REQUIRE(run(CreateTicket{ticket, by("ann")}) == Rule::none);
    }
  }
  Ticket ticket(TicketId id) const { return get<Ticket>(ticket_key(id)); }
  std::uint64_t version(TicketId id) const {
    WorkingSet desk;
    load(desk, ticket_key(id));
    return desk.rows().begin()->second.version;
  }
  UpdateTicket update(TicketId id) const {
    UpdateTicket ask;
    ask.ticket = id;
    ask.version = version(id);
    ask.by = by("ann");
    return ask;
  }
};

TEST_CASE("created once, with its log") {
  Tickets desk;
  CHECK(desk.ticket(kOne).state == S::new_ticket);
  CHECK(desk.ticket(kOne).tags == std::vector<std::string>{"a", "x"});
  CHECK(desk.ticket(kOne).created_at == desk.now);
  CHECK(desk.entries.front().conversation == log_of(kOne));
  Ticket again;
  again.id = kOne;
  again.requester = "vera";
  CHECK(desk.run(CreateTicket{again, by("ann")}) == Rule::none);
  CHECK(!desk.changed);
  again.requester = "victor";
  CHECK(desk.run(CreateTicket{again, by("ann")}) == Rule::exists);
}

TEST_CASE("two writers never overwrite each other unseen") {
  Tickets desk;
  UpdateTicket first = desk.update(kOne);
  UpdateTicket second = first;
  first.assignee = "ann";
  second.assignee = "bob";
  CHECK(desk.run(first) == Rule::none);
  CHECK(desk.run(second) == Rule::version);
  CHECK(code_of(Rule::version) == errc::conflict);
  CHECK(desk.ticket(kOne).assignee == "ann");
  CHECK(desk.run(first) == Rule::none);  // a retry
  CHECK(!desk.changed);
}

TEST_CASE("states go by the table") {
  Tickets desk;
  UpdateTicket ask = desk.update(kOne);
  ask.state = S::merged;  // only by merging
  CHECK(desk.run(ask) == Rule::state_table);
  ask.state = S::closed;
  CHECK(desk.run(ask) == Rule::none);
  ask = desk.update(kOne);
  ask.state = S::pending;
  CHECK(desk.run(ask) == Rule::state_table);
  ask.state = S::open;
  CHECK(desk.run(ask) == Rule::none);
  CHECK(desk.entries.back().body == "open");
  ask.ticket = TicketId{9, 9};
  CHECK(desk.run(ask) == Rule::exists);
}

TEST_CASE("pending until its time") {
  Tickets desk;
  UpdateTicket ask = desk.update(kOne);
  ask.state = S::pending;
  ask.pending_until = desk.now + std::chrono::hours(1);
  CHECK(desk.run(ask) == Rule::none);
  CHECK(indexes_of(desk.ticket(kOne)).back().index == index::kDue);
  CHECK(desk.run(ask) == Rule::none);
  CHECK(!desk.changed);
  ask = desk.update(kOne);
  ask.state = S::pending;
  ask.pending_until = desk.now + std::chrono::hours(2);
  CHECK(desk.run(ask) == Rule::none);  // later
  CHECK(desk.run(WakeTicket{kOne}) == Rule::too_early);
  desk.now = desk.now + std::chrono::hours(2);
  CHECK(desk.run(WakeTicket{kOne}) == Rule::none);
  CHECK(desk.ticket(kOne).state == S::open);
  CHECK(!desk.ticket(kOne).pending_until);
  CHECK(desk.run(WakeTicket{kOne}) == Rule::none);
  CHECK(!desk.changed);
}

TEST_CASE("comments need no version, and come once") {
  Tickets desk;
  const CommentTicket comment{kOne, CommentId{8, 1}, by("bob"), "I called"};
  CHECK(desk.run(comment) == Rule::none);
  CHECK(desk.entries.back().from == "bob");
  CHECK(desk.entries.back().body == "I called");
  CHECK(desk.run(comment) == Rule::none);
  CHECK(!desk.changed);
  for (std::uint64_t i = 2; i < 50; ++i)
    CHECK(desk.run(CommentTicket{kOne, CommentId{8, i}, by("bob"), "."}) == Rule::none);
  CHECK(desk.ticket(kOne).comments.size() == Ticket::kComments);
}

TEST_CASE("merging moves what it is about, on both versions") {
  Tickets desk;
  const MergeTicket merge{kOne, desk.version(kOne), kTwo, desk.version(kTwo), by("ann")};
  MergeTicket stale = merge;
  --stale.into_version;
  CHECK(desk.run(stale) == Rule::version);
  CHECK(desk.run(MergeTicket{kOne, 1, kOne, 1, by("ann")}) == Rule::itself);
  CHECK(desk.run(merge) == Rule::none);
  CHECK(desk.ticket(kOne).state == S::merged);
  CHECK(desk.ticket(kOne).merged_into == kTwo);
  CHECK(desk.ticket(kTwo).conversations.size() == 2);
  CHECK(desk.run(merge) == Rule::none);
  CHECK(!desk.changed);

  UpdateTicket late = desk.update(kOne);
  late.subject = "late";
  CHECK(desk.run(late) == Rule::state_table);
  CHECK(desk.run(CommentTicket{kOne, CommentId{8, 1}, by("bob"), "."}) == Rule::state_table);
  const MergeTicket back{kTwo, desk.version(kTwo), kOne, desk.version(kOne), by("ann")};
  CHECK(desk.run(back) == Rule::state_table);  // a merged ticket takes nothing in
}

}  // namespace
