#include <kefu/core/may_read_ticket.hpp>

#include <doctest/doctest.h>

#include <kefu/core/ticket.hpp>

#include "desk_rig.hpp"

namespace {

using namespace kefu;
using namespace kefu::core;

TEST_CASE("each role reads the tickets that are theirs") {
  Ticket ticket;
  ticket.requester = "v";
  ticket.department = "sales";
  ticket.assignee = "ann";
  CHECK(may_read_ticket(ticket, {"v", Role::visitor}, {}));
  CHECK_FALSE(may_read_ticket(ticket, {"w", Role::visitor}, {}));
  CHECK_FALSE(may_read_ticket(ticket, {"ann", Role::visitor}, {}));
  CHECK(may_read_ticket(ticket, {"ann", Role::agent}, {"billing"}));
  CHECK(may_read_ticket(ticket, {"bob", Role::agent}, {"billing", "sales"}));
  CHECK(may_read_ticket(ticket, {"bob", Role::agent}, {}));
  CHECK_FALSE(may_read_ticket(ticket, {"bob", Role::agent}, {"billing"}));
  CHECK_FALSE(may_read_ticket(ticket, {"v", Role::agent}, {"billing"}));
  CHECK_FALSE(may_read_ticket(ticket, {"bot", Role::bot}, {}));
  CHECK(may_read_ticket(ticket, {"ann", Role::bot}, {}));
  CHECK(may_read_ticket(ticket, {"boss", Role::supervisor}, {"billing"}));
  CHECK(may_read_ticket(ticket, {}, {}));  // the host
  ticket.department.clear();
  CHECK(may_read_ticket(ticket, {"bob", Role::agent}, {"billing"}));
  ticket.requester.clear();
  CHECK_FALSE(may_read_ticket(ticket, {"v", Role::visitor}, {}));
}

/// A ticket of "v" in sales, which "bob" does not serve.
struct Tickets : DeskRig {
  static constexpr TicketId kOne{3, 1};
  static constexpr TicketId kTwo{3, 2};

  Tickets() {
    Agent bob;
    bob.id = "bob";
    bob.departments = {{"billing", {}}};
    put(bob);
    put(ticket(kOne, "sales"));
    put(ticket(kTwo, ""));
  }
  static Ticket ticket(TicketId id, std::string department) {
    Ticket out;
    out.id = id;
    out.requester = "v";
    out.department = std::move(department);
    return out;
  }
};

TEST_CASE("a decision about a ticket that is not theirs to read says that there is none") {
  Tickets desk;
  const Participant bob = by("bob");
  const Participant stranger = by("w", Role::visitor);
  for (const Participant& who : {bob, stranger}) {
    UpdateTicket update;
    update.ticket = Tickets::kOne;
    update.version = 1;
    update.by = who;
    update.subject = "mine";
    CHECK(desk.run(update) == Rule::exists);
    update.version = 7;
    CHECK(desk.run(update) == Rule::exists);
    CHECK(desk.run(CommentTicket{Tickets::kOne, {5, 6}, who, "hello"}) == Rule::exists);
    CHECK(desk.run(MergeTicket{Tickets::kTwo, 1, Tickets::kOne, 1, who}) == Rule::exists);
    CHECK(desk.run(MergeTicket{Tickets::kOne, 1, Tickets::kTwo, 1, who}) == Rule::exists);
  }
  CHECK(desk.run(CreateTicket{Tickets::ticket(Tickets::kOne, "sales"), bob}) == Rule::exists);
  CHECK(desk.run(CreateTicket{Tickets::ticket({3, 3}, "sales"), bob}) == Rule::none);
  CHECK(desk.entries.size() == 1);
}

TEST_CASE("a requester comments where they can read it, and does nothing else") {
  Tickets desk;
  const Participant v = by("v", Role::visitor);
  CHECK(desk.run(CommentTicket{Tickets::kOne, {5, 6}, v, "hello"}) == Rule::none);
  CHECK(desk.entries.back().log == Log::public_log);
  CHECK(desk.entries.back().role == Role::visitor);
  CHECK(desk.run(CommentTicket{Tickets::kOne, {5, 7}, v, "psst", Log::internal}) == Rule::member);
  UpdateTicket update;
  update.ticket = Tickets::kOne;
  update.version = 2;
  update.by = v;
  update.subject = "mine";
  CHECK(desk.run(update) == Rule::member);
  CHECK(desk.run(MergeTicket{Tickets::kOne, 2, Tickets::kTwo, 1, v}) == Rule::member);
  CHECK(desk.run(CreateTicket{Tickets::ticket({3, 3}, ""), v}) == Rule::member);
  CHECK(desk.run(CommentTicket{Tickets::kOne, {5, 8}, by("ann"), "psst", Log::internal}) ==
        Rule::none);
  CHECK(desk.entries.back().log == Log::internal);
}

}  // namespace
