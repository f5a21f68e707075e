#include <kefu/core/retention.hpp>

#include <doctest/doctest.h>

#include <kefu/core/describe.hpp>
#include <kefu/core/ending.hpp>
#include <kefu/core/opening.hpp>
#include <kefu/core/ticket.hpp>

#include "desk_rig.hpp"

namespace {

using namespace kefu;
using namespace kefu::core;
using namespace std::chrono_literals;
constexpr auto kFirst = Desk::kFirst;
constexpr TicketId kTicket{3, 1};

/// A conversation that was closed at `ended` and is kept for a day.
struct Closed : Desk {
  Timestamp ended = now;

  Closed() {
    Conversation c = first();
    c.subject = "my name";
    c.tags = {"vip"};
    c.attributes = {{"phone", "1"}};
    put(c);
    REQUIRE(run(Close{kFirst, by("vera", Role::visitor), {}}) == Rule::none);
    retain(kFirst);
  }
  void retain(ConversationId id) {
    Transaction transaction([id](WorkingSet& desk, Timestamp at) {
      const Conversation* const c = desk.conversation(id);
      if (c) set_expiry(*c, 24h, desk, at);
      return Rule::none;
    });
    REQUIRE(run(transaction) == Rule::none);
  }
};

TEST_CASE("what is over expires at its time, once, and is never reopened") {
  Closed desk;
  CHECK(desk.first().expires_at == desk.ended + 24h);
  CHECK(indexes_of(desk.first()).back() ==
        IndexKey{std::string(index::kExpiry), index::sortable(desk.ended + 24h)});
  desk.now = desk.ended + 24h - 1ns;
  CHECK(desk.run(Expire{kFirst}) == Rule::too_early);
  CHECK(desk.run(EndExpiry{kFirst}) == Rule::too_early);
  desk.now = desk.ended + 24h;
  CHECK(desk.run(Expire{kFirst}) == Rule::none);
  const Conversation blank = desk.first();
  CHECK(blank.subject.empty());
  CHECK(blank.tags.empty());
  CHECK(blank.attributes.empty());
  CHECK(blank.visitor == "vera");
  CHECK(blank.expired_at == desk.now);

  CHECK(desk.run(Expire{kFirst}) == Rule::none);  // by another node
  CHECK(!desk.changed);
  CHECK(desk.run(Reopen{kFirst, by("vera", Role::visitor)}) == Rule::too_late);
  Describe describe{kFirst, by("boss", Role::supervisor), "her name", {}, {}, {}, {}, {}};
  CHECK(desk.run(describe) == Rule::too_late);
  describe.subject = "";
  CHECK(desk.run(describe) == Rule::none);

  CHECK(desk.run(EndExpiry{kFirst, desk.now + 1h}) == Rule::none);  // its files can't be removed
  CHECK(desk.run(Expire{kFirst}) == Rule::too_early);
  desk.now = desk.now + 1h;
  CHECK(desk.run(Expire{kFirst}) == Rule::none);
  CHECK(desk.run(EndExpiry{kFirst}) == Rule::none);
  CHECK(!desk.first().expires_at);
  CHECK(desk.run(EndExpiry{kFirst}) == Rule::none);
  CHECK(!desk.changed);
  CHECK(desk.run(Expire{kFirst}) == Rule::too_early);
  desk.retain(kFirst);
  CHECK(!desk.first().expires_at);
}

TEST_CASE("what was reopened in time is kept, and its time begins anew") {
  Closed desk;
  desk.now = desk.ended + 24h;
  CHECK(desk.run(Reopen{kFirst, by("vera", Role::visitor)}) == Rule::none);
  CHECK(!desk.first().expires_at);
  CHECK(desk.run(Expire{kFirst}) == Rule::too_early);
  CHECK(desk.run(Abandon{kFirst}) == Rule::none);
  desk.retain(kFirst);
  CHECK(desk.first().expires_at == desk.now + 24h);
}

TEST_CASE("a ticket expires alike, and takes nothing more") {
  DeskRig desk;
  Ticket ticket;
  ticket.id = kTicket;
  ticket.state = TicketState::closed;
  ticket.subject = "a refund";
  ticket.tags = {"x"};
  ticket.fields = {{"iban", "1"}};
  ticket.expires_at = desk.now;
  desk.put(ticket);
  CHECK(indexes_of(ticket).back().index == index::kExpiry);
  CHECK(desk.run(Expire{kTicket}) == Rule::none);
  ticket = desk.get<Ticket>(ticket_key(kTicket));
  CHECK(ticket.subject.empty());
  CHECK(ticket.tags.empty());
  CHECK(ticket.fields.empty());
  CHECK(desk.run(CommentTicket{kTicket, {5, 6}, by("ann"), "again"}) == Rule::too_late);
  UpdateTicket update;
  update.ticket = kTicket;
  update.version = 2;
  update.state = TicketState::open;
  CHECK(desk.run(update) == Rule::too_late);
  CHECK(desk.run(EndExpiry{kTicket}) == Rule::none);
  CHECK(desk.run(Expire{TicketId{9, 9}}) == Rule::exists);
}

TEST_CASE("messages expire, with their files; what kefu wrote stays, and what is empty") {
  Entry entry;
  entry.kind = kind::kText;
  entry.body = "hello";
  CHECK(must_expire(entry));
  CHECK_FALSE(file_of(entry));
  entry.kind = kind::kFile;
  entry.body = FileId{1, 2}.to_string();
  CHECK(must_expire(entry));
  CHECK(file_of(entry) == FileId{1, 2});
  entry.kind = kind::kAssigned;
  CHECK_FALSE(must_expire(entry));
  entry.kind = kind::kText;
  entry.body.clear();
  CHECK_FALSE(must_expire(entry));
}

TEST_CASE("everybody is told that a message has expired") {
  CHECK(tags::expired("") == "rewritten,expired");
  CHECK(tags::expired("rewritten,spam") == "rewritten,expired,spam");
  CHECK(tags::has_expired("rewritten,expired,spam"));
  CHECK_FALSE(tags::has_expired("rewritten,recalled"));
  CHECK(tags::told("rewritten,expired,spam", false, false) == "rewritten,expired");
  CHECK(tags::told("rewritten,expired,spam", false, true) == "rewritten,expired,spam");
}

}  // namespace
