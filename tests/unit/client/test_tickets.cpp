#include <kefu/client/tickets.hpp>

#include <doctest/doctest.h>

#include "world.hpp"

using namespace kefu;
using namespace kefu::client;

namespace {

constexpr TicketId kOne{0xa1, 1};
constexpr TicketId kTwo{0xa1, 2};

/// A participant with a client, who asks about tickets.
struct Device {
  Device(World& in, const std::string& token) : world(in) {
    client::Options options = world.options();
    options.token = [token](Completion<result<Token>> done) { done(Token{token}); };
    client.emplace(world.loop, link, store, seen, std::move(options));
    tickets.emplace(*client);
    client->start();
    world.pass(kSecond);
  }
  Tickets::Done answered() {
    return [this](TicketAnswer answer) { last = std::move(answer); };
  }
  /// What the last call came to.
  const TicketAnswer& answer() {
    last.reset();
    world.pass(kSecond);
    REQUIRE(last);
    return *last;
  }

  World& world;
  SimLink link{world.network, world.loop, *world.server};
  MemoryPendingStore store;
  Recorder seen;
  std::optional<Client> client;
  std::optional<Tickets> tickets;
  std::optional<TicketAnswer> last;
};

Ticket refund(TicketId id) {
  Ticket ticket;
  ticket.id = id;
  ticket.subject = "a refund";
  ticket.requester = "v";
  ticket.assignee = "ann";
  ticket.priority = Priority::high;
  ticket.tags = {"money"};
  ticket.fields = {{"iban", "DE1"}};
  ticket.conversations = {kChat};
  return ticket;
}

TEST_CASE("tickets are made, changed on the version that was seen, and found") {
  World world;
  Device ann(world, "ann agent 3600");
  ann.tickets->create(refund(kOne), ann.answered());
  KnownTicket made = ann.answer().found.at(0);
  CHECK(made.version == 1);
  Ticket expected = refund(kOne);
  expected.created_at = made.ticket.created_at;
  expected.updated_at = made.ticket.updated_at;
  CHECK(made.ticket == expected);

  TicketPatch patch;
  patch.state = TicketState::pending;
  patch.pending_until = made.ticket.created_at + 3600 * kSecond;
  patch.subject = "two refunds";
  patch.tags = std::vector<std::string>{"urgent"};
  patch.fields = Attributes{};
  ann.tickets->update(kOne, 1, patch, ann.answered());
  const TicketAnswer& changed = ann.answer();
  REQUIRE(changed.code == errc::ok);
  CHECK(changed.found.at(0).version == 2);
  CHECK(changed.found[0].ticket.state == TicketState::pending);
  CHECK(changed.found[0].ticket.pending_until == patch.pending_until);
  CHECK(changed.found[0].ticket.subject == "two refunds");
  CHECK(changed.found[0].ticket.tags == std::vector<std::string>{"urgent"});
  CHECK(changed.found[0].ticket.fields.empty());

  patch = {};
  patch.assignee = "bob";
  ann.tickets->update(kOne, 1, patch, ann.answered());
  CHECK(ann.answer().code == errc::conflict);
  CHECK(ann.last->rule == Rule::version);
  CHECK(ann.last->current == 2);

  ann.tickets->create(refund(kTwo), ann.answered());
  CHECK(ann.answer().code == errc::ok);
  ann.tickets->list("ann", "", 1, ann.answered());
  CHECK(ann.answer().found.at(0).ticket.id == kTwo);
  const std::string next = ann.last->next;
  ann.tickets->list("ann", next, 1, ann.answered());
  CHECK(ann.answer().found.at(0).ticket.id == kOne);
  ann.tickets->merge(kTwo, 1, kOne, 2, ann.answered());
  CHECK(ann.answer().found.at(0).ticket.id == kOne);
  ann.tickets->get(kTwo, ann.answered());
  CHECK(ann.answer().found.at(0).ticket.merged_into == kOne);
  ann.tickets->get({0xa1, 9}, ann.answered());
  CHECK(ann.answer().code == errc::not_found);
}

TEST_CASE("a requester reads theirs and comments, once however often it is said") {
  World world;
  Device ann(world, "ann agent 3600");
  Device v(world, "v visitor 3600");
  Device w(world, "w visitor 3600");
  ann.tickets->create(refund(kOne), ann.answered());
  CHECK(ann.answer().code == errc::ok);
  v.tickets->list("", "", 10, v.answered());
  CHECK(v.answer().found.at(0).ticket.subject == "a refund");
  CHECK(v.last->found[0].ticket.tags.empty());
  v.tickets->comment(kOne, {0xc1, 1}, "thank you", v.answered());
  v.link.cut();
  world.pass(20 * kSecond);
  REQUIRE(v.last);
  CHECK(v.last->code == errc::ok);
  ann.tickets->comment(kOne, {0xc1, 2}, "she is nice", ann.answered(), Log::internal);
  CHECK(ann.answer().code == errc::ok);
  for (const Log log : {Log::public_log, Log::internal}) {
    world.disk.read({log_of(kOne), log, 0, 10, SIZE_MAX}, [&](result<Page> page) {
      CHECK(std::ranges::count(page->entries, kind::kText, &Entry::kind) == 1);
    });
  }
  w.tickets->comment(kOne, {0xc1, 3}, "let me in", w.answered());
  CHECK(w.answer().code == errc::not_found);
  v.tickets->update(kOne, 3, {}, v.answered());
  CHECK(v.answer().code == errc::denied);
}

}  // namespace
