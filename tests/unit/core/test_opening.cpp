#include <kefu/core/opening.hpp>

#include <doctest/doctest.h>

#include <kefu/core/ending.hpp>
#include <kefu/core/offer.hpp>
#include <kefu/core/ticket.hpp>

#include "desk_rig.hpp"

namespace {

using namespace kefu;
using namespace kefu::core;
using S = ConversationState;
constexpr auto kFirst = Desk::kFirst;
constexpr auto kSecond = Desk::kSecond;

Conversation proposal(ConversationId id, const std::string& visitor = "victor") {
  Conversation c;
  c.id = id;
  c.visitor = visitor;
  c.department = "billing";
  return c;
}

TEST_CASE("open finds what is open, and creates what is not") {
  Desk desk;
  ConversationId found;
  CHECK(desk.run(Open{proposal(kSecond, "vera"), &found}) == Rule::none);
  CHECK(found == kFirst);
  CHECK(!desk.changed);

  CHECK(desk.run(Open{proposal(kSecond), &found}) == Rule::none);
  CHECK(found == kSecond);
  CHECK(desk.conversation(kSecond).state == S::queued);
  CHECK(desk.conversation(kSecond).opened_at == desk.now);
  CHECK(desk.conversation(kSecond).assignment.waiting_since == desk.now);
  CHECK(desk.entries.back().kind == kind::kOpened);

  CHECK(desk.run(Open{proposal(kSecond), &found}) == Rule::none);  // a retry
  CHECK(!desk.changed);
}

TEST_CASE("an id that was used says what it was used for") {
  Desk desk;
  CHECK(desk.run(Open{proposal(kFirst, "victor")}) == Rule::exists);
  CHECK(desk.run(Close{kFirst, by("vera", Role::visitor), {}}) == Rule::none);
  ConversationId found;
  CHECK(desk.run(Open{proposal(kFirst, "vera"), &found}) == Rule::none);  // a late retry
  CHECK(found == kFirst);
  CHECK(desk.first().state == S::closed);
  Conversation elsewhere = proposal(kFirst, "vera");
  elsewhere.department = "sales";
  CHECK(desk.run(Open{elsewhere}) == Rule::version);
}

TEST_CASE("one that starts with an agent fills a slot") {
  Desk desk;
  Conversation c = proposal(kSecond);
  c.state = S::active;
  c.agents = {"ann"};
  CHECK(desk.run(Open{c}) == Rule::none);
  CHECK(desk.agent("ann").slots.size() == 1);
  c.id = {1, 3};
  c.visitor = "walter";
  Agent ann = desk.agent("ann");
  ann.capacity = 1;
  desk.put(ann);
  CHECK(desk.run(Open{c}) == Rule::capacity);
}

TEST_CASE("records that don't fit together are read again") {
  Desk desk;
  Conversation closed = desk.first();
  closed.state = S::closed;
  desk.put(closed);  // as if it was closed between the two reads
  WorkingSet records;
  const Open ask{proposal(kSecond, "vera")};
  while ((void)decide(ask, records, desk.now), records.incomplete()) {
    for (const RecordKey& key : records.take_missing()) desk.load(records, key);
  }
  CHECK(decide(ask, records, desk.now) == Rule::contention);
}

TEST_CASE("a conversation and a ticket can't come about under one id at the same time") {
  const auto expects_absent = [](const auto& ask, const RecordKey& key) {
    Desk desk;
    WorkingSet records;
    while ((void)decide(ask, records, desk.now), records.incomplete()) {
      for (const RecordKey& missing : records.take_missing()) desk.load(records, missing);
    }
    const WorkingSet::Row& row = records.rows().at(key);
    return row.changed && !row.value && row.version == 0;
  };
  const TicketId id{kSecond.hi, kSecond.lo};
  CHECK(expects_absent(Open{proposal(kSecond)}, ticket_key(id)));
  Ticket ticket;
  ticket.id = id;
  ticket.requester = "vera";
  CHECK(expects_absent(CreateTicket{ticket, by("ann")}, conversation_key(kSecond)));
}

TEST_CASE("a bot hands over to the queue") {
  Desk desk;
  Conversation c = proposal(kSecond);
  c.state = S::bot;
  CHECK(desk.run(Open{c}) == Rule::none);
  CHECK(desk.run(Accept{kSecond, "ann", std::nullopt}) == Rule::state_table);
  desk.now = desk.now + std::chrono::minutes(1);
  CHECK(desk.run(Enqueue{kSecond}) == Rule::none);
  CHECK(desk.conversation(kSecond).assignment.waiting_since == desk.now);
  CHECK(desk.run(Enqueue{kSecond}) == Rule::none);
  CHECK(!desk.changed);
}

TEST_CASE("a closed conversation opens again, for its last agent, if no other one is open") {
  Desk desk;
  CHECK(desk.run(Accept{kFirst, "ann", std::nullopt}) == Rule::none);
  CHECK(desk.run(Reopen{kFirst, by("vera", Role::visitor)}) == Rule::none);  // it is open
  CHECK(!desk.changed);
  CHECK(desk.run(Close{kFirst, by("ann"), {}}) == Rule::none);
  CHECK(desk.run(Reopen{kFirst, by("victor", Role::visitor)}) == Rule::exists);
  CHECK(desk.run(Open{proposal(kSecond, "vera")}) == Rule::none);
  CHECK(desk.run(Reopen{kFirst, by("vera", Role::visitor)}) == Rule::one_open);
  CHECK(desk.run(Abandon{kSecond}) == Rule::none);
  CHECK(desk.run(Reopen{kFirst, by("vera", Role::visitor)}) == Rule::none);
  CHECK(desk.first().state == S::queued);
  CHECK(desk.first().assignment.preferred == "ann");
  CHECK(desk.get<OpenConversation>(open_key("vera", "billing")).conversation == kFirst);
}

TEST_CASE("what is opened while nobody is there becomes a ticket, and takes messages") {
  Desk desk;
  Conversation proposed;
  proposed.id = {1, 9};
  proposed.visitor = "victor";
  proposed.department = "billing";
  proposed.subject = "late";
  const TicketId ticket{7, 7};
  CHECK(desk.run(Open{proposed, nullptr, ticket}) == Rule::none);
  const Conversation c = desk.conversation(proposed.id);
  CHECK(c.state == ConversationState::resolved);
  CHECK(c.unanswered());
  const auto made = desk.get<Ticket>(ticket_key(ticket));
  CHECK(made.conversations == std::vector<ConversationId>{proposed.id});
  CHECK(made.requester == "victor");
  CHECK(made.department == "billing");
  CHECK(made.subject == "late");
  CHECK(desk.entries.back().kind == kind::kTicketed);
  CHECK(desk.entries.back().body == ticket.to_string());

  // Opening again finds it, and makes no second ticket.
  proposed.id = {1, 10};
  CHECK(desk.run(Open{proposed, nullptr, TicketId{7, 8}}) == Rule::none);
  CHECK(!desk.changed);

  // It does not close by itself before somebody has answered; any agent may.
  WorkingSet records;
  records.load(key_of(c), c, 1);
  set_end(c, std::chrono::minutes(1), std::chrono::minutes(1), records, desk.now);
  CHECK(!records.changed());
  CHECK(desk.run(Accept{c.id, "ann", std::nullopt}) == Rule::none);
  CHECK(desk.conversation(c.id).owner() == "ann");
  CHECK(desk.run(Resolve{c.id, by("ann"), {}}) == Rule::none);
  CHECK(desk.run(Accept{c.id, "bob", std::nullopt}) == Rule::state_table);
}

}  // namespace
