#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <kefu/desk_keys.hpp>
#include <kefu/wire/records.hpp>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;

namespace {

TEST_CASE("an erased visitor leaves numbers behind, and nothing that they said or were") {
  Host host;
  Pair pair(host);
  pair.visitor.asks(R"({"type":"send",)" + in_conversation() + R"(,"cseq":1,"body":"my secret"})");
  pair.agent.asks(R"({"type":"send",)" + in_conversation() + R"(,"cseq":1,"body":"an answer"})");
  pair.agent.asks(R"({"type":"describe",)" + in_conversation() +
                  R"(,"subject":"my name","attributes":{"phone":"1"},"tags":["vip"]})");
  std::optional<std::uint64_t> bodies;
  host.hub.erase("v", [&](result<std::uint64_t> count) {
    REQUIRE(count);
    bodies = *count;
  });
  host.loop.run_until_idle();
  CHECK(bodies == 1);
  const auto id = *ConversationId::parse(kConversation);
  host.store.read({id, Log::public_log, 0, 100, 1 << 20}, [](result<Page> page) {
    REQUIRE(page->entries.size() == 4);
    CHECK(page->entries[2].body.empty());
    CHECK(page->entries[3].body == "an answer");
  });
  host.store.get(conversation_key(id), [](result<std::optional<Record>> record) {
    const auto c = wire::decode_conversation((**record).value);
    CHECK(c->subject.empty());
    CHECK(c->attributes.empty());
    CHECK(c->tags.size() == 1);
  });
}

TEST_CASE("an erased requester leaves tickets that say nothing of them") {
  Host host;
  Peer boss(host), visitor(host);
  boss.asks(hello("supervisor boss"));
  visitor.asks(hello("visitor v"));
  const auto change = [&](std::string_view requester, std::string_view id) {
    boss.asks(R"({"type":"ticket","requester":")" + std::string(requester) + R"(","id":")" +
              std::string(id) + R"(","subject":"my name","attributes":{"iban":"1"},"tags":["x"]})");
  };
  constexpr std::string_view kTicket = "0199c1d2-0000-7000-8000-0000000000a1";
  constexpr std::string_view kOther = "0199c1d2-0000-7000-8000-0000000000a2";
  change("v", kTicket);
  change("w", kOther);
  const auto comment = [&](Peer& peer, std::string_view number, std::string_view body) {
    peer.asks(R"({"type":"comment","id":")" + std::string(kTicket) +
              R"(","comment":"0199c1d2-0000-7000-8000-0000000000)" + std::string(number) +
              R"(","body":")" + std::string(body) + "\"}");
  };
  comment(visitor, "c1", "my secret");
  comment(boss, "c2", "an answer");
  for (int i = 0; i < 2; ++i) {
    std::optional<std::uint64_t> bodies;
    host.hub.erase("v", [&](result<std::uint64_t> count) { bodies = *count; });
    host.loop.run_until_idle();
    CHECK(bodies == (i == 0 ? 1 : 0));
  }
  const auto ticket = [&](std::string_view id) {
    Ticket out;
    const RecordKey key = ticket_key(*TicketId::parse(id));
    host.store.get(key, [&](result<std::optional<Record>> record) {
      out = std::get<Ticket>(*wire::decode_record(key, (**record).value));
    });
    return out;
  };
  CHECK(ticket(kTicket).subject.empty());
  CHECK(ticket(kTicket).fields.empty());
  CHECK(ticket(kTicket).requester == "v");
  CHECK(ticket(kTicket).tags.size() == 1);
  CHECK(ticket(kOther).subject == "my name");
  const ConversationId log = log_of(*TicketId::parse(kTicket));
  host.store.read({log, Log::public_log, 0, 100, 1 << 20}, [](result<Page> page) {
    REQUIRE(page->entries.size() == 3);
    CHECK(page->entries[1].body.empty());
    CHECK(page->entries[2].body == "an answer");
  });
}

}  // namespace
