#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <kefu/core/desk_command.hpp>
#include <kefu/wire/records.hpp>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kTicket = "0199c1d2-0000-7000-8000-0000000000a1";
constexpr std::string_view kOther = "0199c1d2-0000-7000-8000-0000000000a2";
constexpr std::string_view kComment = "0199c1d2-0000-7000-8000-0000000000c1";

std::string ask(std::string_view type, std::string_view more, std::string_view id = kTicket) {
  return "{\"type\":\"" + std::string(type) + R"(","ref":"r","id":")" + std::string(id) + "\"" +
         std::string(more) + "}";
}
/// The last frame that answered has all of these.
template <class... Text>
bool answered(const Peer& peer, Text... text) {
  for (auto frame = peer.frames.rbegin(); frame != peer.frames.rend(); ++frame) {
    if (frame->find("\"ref\":\"r\"") != std::string::npos)
      return ((frame->find(text) != std::string::npos) && ...);
  }
  return false;
}

struct Staff {
  explicit Staff(Host& host) : ann(host), bob(host) {
    ann.asks(hello("agent ann"));
    bob.asks(hello("agent bob"));
  }
  Peer ann, bob;
};

TEST_CASE("two writers of a ticket never overwrite each other unseen") {
  Host host;
  Staff staff(host);
  const std::string create =
      ask("ticket", R"(,"subject":"a refund","requester":"v","agent":"ann")");
  staff.ann.asks(create);
  CHECK(answered(staff.ann, "\"version\":1", "\"state\":\"new\"", "a refund"));
  staff.ann.asks(create);
  CHECK(answered(staff.ann, "\"version\":1"));  // a retry
  staff.bob.asks(ask("ticket", R"(,"subject":"mine","requester":"w")"));
  CHECK(answered(staff.bob, "\"not_found\"", "\"rule\":\"exists\""));  // an id of another ticket

  const std::string open = ask("ticket", R"(,"version":1,"state":"open","priority":"high")");
  staff.bob.asks(open);
  CHECK(answered(staff.bob, "\"version\":2", "\"state\":\"open\"", "\"priority\":\"high\""));
  staff.bob.asks(open);
  CHECK(answered(staff.bob, "\"version\":2"));
  staff.ann.asks(ask("ticket", R"(,"version":1,"tags":["late"])"));
  CHECK(answered(staff.ann, "\"conflict\"", "\"rule\":\"version\"", "\"current\":2"));
  staff.ann.asks(ask("ticket", R"(,"version":2,"state":"new")"));
  CHECK(answered(staff.ann, "\"conflict\"", "\"rule\":\"state_table\""));
}

TEST_CASE("a ticket out of a conversation, its fields and its comments") {
  Host host;
  Pair pair(host);
  pair.agent.asks(ask("ticket", "," + in_conversation() +
                                    R"(,"subject":"x","tags":["b","a"],"attributes":{"k":"v"})"));
  CHECK(answered(pair.agent, "\"conversations\":[\"" + std::string(kConversation),
                 R"("tags":["a","b"])", R"("attributes":{"k":"v"})"));
  const std::string comment =
      ask("comment", R"(,"comment":")" + std::string(kComment) + R"(","body":"asked the bank")");
  pair.agent.asks(comment);
  pair.agent.asks(comment);
  CHECK(answered(pair.agent, "\"done\""));
  pair.agent.asks(R"({"type":"history","ref":"r","conversation":")" + std::string(kTicket) +
                  R"(","after":0})");
  CHECK(answered(pair.agent, "asked the bank", "\"tail\":2"));
  pair.agent.asks(ask("tickets", ""));
  CHECK(answered(pair.agent, "\"version\":2"));
  // The visitor didn't ask for it.
  pair.visitor.asks(ask("tickets", ""));
  CHECK(answered(pair.visitor, "\"not_found\""));
  pair.visitor.asks(R"({"type":"history","ref":"r","conversation":")" + std::string(kTicket) +
                    R"(","after":0})");
  CHECK(answered(pair.visitor, "\"not_found\""));
}

/// A ticket of "v" in sales, for ann, with a comment in each log.
struct Sales {
  explicit Sales(Host& host) : boss(host) {
    Agent bob;
    bob.id = "bob";
    bob.departments = {{"billing", {}}};
    Commit commit;
    commit.changes.push_back({agent_key("bob"), 0, wire::encode_record(DeskRecord(bob)), {}});
    host.store.commit(std::move(commit), [](result<Committed> done) { REQUIRE(done); });
    boss.asks(hello("supervisor boss"));
    boss.asks(ask("ticket", R"(,"subject":"a refund","requester":"v","agent":"ann",)"
                            R"("department":"sales","tags":["nasty"],"attributes":{"k":"v"},)" +
                                in_conversation()));
    boss.asks(comment("c1", "we are at it"));
    boss.asks(comment("c2", "she lies", R"(,"log":"internal")"));
  }
  static std::string comment(std::string_view number, std::string_view body,
                             std::string_view more = "") {
    return ask("comment", R"(,"comment":"0199c1d2-0000-7000-8000-0000000000)" +
                              std::string(number) + R"(","body":")" + std::string(body) + "\"" +
                              std::string(more));
  }
  static std::string history(std::string_view more = "") {
    return R"({"type":"history","ref":"r","conversation":")" + std::string(kTicket) +
           R"(","after":0)" + std::string(more) + "}";
  }
  Peer boss;
};
constexpr std::string_view kInternal = R"(,"log":"internal")";

TEST_CASE("whoever may not read a ticket can't tell it from one that isn't there") {
  Host host;
  Sales sales(host);
  for (const char* const token : {"agent bob", "visitor w", "visitor ann", "bot b"}) {
    Peer peer(host);
    peer.asks(hello(token));
    const auto same = [&](std::string frame) {
      peer.asks(frame);
      std::string there = peer.frames.back();
      const std::size_t at = frame.find(kTicket);
      peer.asks(frame.replace(at, kTicket.size(), kOther));
      CHECK(there == peer.frames.back());
      CHECK((answered(peer, "\"not_found\"") || answered(peer, "\"denied\"")));
    };
    same(ask("tickets", ""));
    same(Sales::history());
    same(Sales::history(kInternal));
    same(Sales::comment("c3", "let me in"));
    same(Sales::comment("c4", "let me in", kInternal));
    same(ask("ticket", R"(,"version":3,"subject":"mine")"));
    same(ask("ticket", R"(,"version":1,"subject":"mine")"));
    same(ask("merge", R"(,"version":3,"into":")" + std::string(kOther) + R"(","into_version":1)"));
    peer.asks(R"({"type":"tickets","ref":"r","agent":"ann"})");
    CHECK(answered(peer, "\"tickets\":[]"));
    peer.asks(R"({"type":"watch","ref":"r","conversation":")" + std::string(kTicket) + "\"}");
    CHECK(answered(peer, "\"error\""));
  }
  sales.boss.asks(ask("tickets", ""));
  CHECK(answered(sales.boss, "\"version\":3", "a refund"));
}

TEST_CASE("a requester reads what is said to them, and answers") {
  Host host;
  Sales sales(host);
  Peer visitor(host);
  visitor.asks(hello("visitor v"));
  for (const std::string& which :
       {ask("tickets", ""), std::string(R"({"type":"tickets","ref":"r"})")}) {
    visitor.asks(which);
    CHECK(answered(visitor, "a refund", "\"version\":3", "\"agent\":\"ann\""));
    for (const char* const internal : {"nasty", "attributes", "conversations"})
      CHECK_FALSE(answered(visitor, internal));
  }
  visitor.asks(Sales::comment("c3", "thank you"));
  CHECK(answered(visitor, "\"done\""));
  visitor.asks(Sales::history());
  CHECK(answered(visitor, "we are at it", "thank you", "\"tail\":3"));
  CHECK_FALSE(answered(visitor, "she lies"));
  visitor.asks(Sales::history(kInternal));
  CHECK(answered(visitor, "\"not_found\""));
  visitor.asks(Sales::comment("c4", "psst", kInternal));
  CHECK(answered(visitor, "\"not_found\""));
  visitor.asks(ask("ticket", R"(,"version":4,"state":"closed")"));
  CHECK(answered(visitor, "\"denied\""));
}

TEST_CASE("agents read those that they serve or were given, and supervisors all") {
  Host host;
  Sales sales(host);
  Peer ann(host), bob(host);
  ann.asks(hello("agent ann"));
  bob.asks(hello("agent bob"));
  for (Peer* const peer : {&ann, &sales.boss}) {
    peer->asks(R"({"type":"tickets","ref":"r","agent":"ann"})");
    CHECK(answered(*peer, "a refund", "nasty"));
    peer->asks(Sales::history(kInternal));
    CHECK(answered(*peer, "she lies"));
  }
  ann.asks(ask("ticket", R"(,"version":3,"agent":"bob")"));
  CHECK(answered(ann, "\"version\":4"));  // she serves all departments
  bob.asks(ask("tickets", ""));
  CHECK(answered(bob, "a refund"));
  bob.asks(ask("ticket", R"(,"version":4,"agent":"","department":"")"));
  CHECK(answered(bob, "\"version\":5"));
  bob.asks(R"({"type":"tickets","ref":"r"})");
  CHECK(answered(bob, "a refund"));  // nobody's, and of no department
  bob.asks(ask("ticket", R"(,"version":5,"department":"sales")"));
  bob.asks(R"({"type":"tickets","ref":"r"})");
  CHECK(answered(bob, "\"tickets\":[]"));
}

TEST_CASE("a ticket and a conversation never share a log") {
  Host host;
  Staff staff(host);
  Peer visitor(host);
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  staff.bob.asks(ask("ticket", "", kConversation));
  CHECK(answered(staff.bob, "\"not_found\"", "\"rule\":\"exists\""));
  staff.bob.asks(about("history", ",\"after\":0"));
  CHECK(answered(staff.bob, "\"not_found\""));
  staff.bob.asks(ask("ticket", ""));
  Peer other(host);
  other.asks(hello("visitor w"));
  other.asks(ask("open", ""));
  CHECK(answered(other, "\"not_found\"", "\"rule\":\"exists\""));
}

TEST_CASE("a pending ticket opens by itself, and lists are of an assignee") {
  Host host;
  Staff staff(host);
  staff.ann.asks(ask("ticket", R"(,"agent":"ann")"));
  host.pass(1s);
  staff.ann.asks(ask("ticket", R"(,"agent":"ann")", kOther));
  const std::string until = (host.clock.now() + 10s).to_string();
  staff.ann.asks(ask("ticket", R"(,"version":1,"state":"pending","until":")" + until + "\""));
  CHECK(answered(staff.ann, "\"until\":\"" + until));
  host.pass(9s);
  staff.ann.asks(ask("tickets", ""));
  CHECK(answered(staff.ann, "\"pending\""));
  host.pass(2s);
  staff.ann.asks(ask("tickets", ""));
  CHECK(answered(staff.ann, "\"open\""));
  staff.ann.asks(R"({"type":"tickets","ref":"r","agent":"ann","limit":1})");
  CHECK(answered(staff.ann, kOther, "\"next\""));
  staff.ann.asks(R"({"type":"tickets","ref":"r"})");
  CHECK(answered(staff.ann, "\"tickets\":[]"));
}

TEST_CASE("a merge moves what belongs to one ticket to the other") {
  Host host;
  Pair pair(host);
  pair.agent.asks(ask("ticket", "," + in_conversation()));
  pair.agent.asks(ask("ticket", "", kOther));
  const std::string merge =
      ask("merge", R"(,"version":1,"into":")" + std::string(kOther) + R"(","into_version":1)");
  for (int i = 0; i < 2; ++i) {
    pair.agent.asks(merge);
    CHECK(answered(pair.agent, kOther, "\"version\":2", std::string(kConversation)));
  }
  pair.agent.asks(ask("tickets", ""));
  CHECK(answered(pair.agent, "\"merged\"", "\"into\":\"" + std::string(kOther)));
}

TEST_CASE("a host changes what it likes, by the same rules") {
  Host host;
  Staff staff(host);
  Ticket ticket;
  ticket.id = *TicketId::parse(kTicket);
  ticket.assignee = "ann";
  std::vector<DeskOutcome> outcomes;
  const auto change = [&](core::DeskCommand command) {
    host.hub.change({std::move(command)},
                    [&](DeskOutcome outcome) { outcomes.push_back(std::move(outcome)); });
    host.loop.run_until_idle();
  };
  change(core::CreateTicket{ticket, {"host", Role::supervisor}});
  change(core::CreateTicket{ticket, {"host", Role::supervisor}});
  core::UpdateTicket update;
  update.ticket = ticket.id;
  update.version = 7;
  update.subject = "x";
  change(update);
  REQUIRE(outcomes.size() == 3);
  CHECK(outcomes[0].changed);
  CHECK(std::get<Ticket>(*outcomes[0].record).assignee == "ann");
  CHECK((outcomes[1].code == errc::ok && !outcomes[1].changed));
  CHECK((outcomes[2].rule == Rule::version && outcomes[2].version == 1));
}

// ---- what else the staff says about conversations

TEST_CASE("several agents in one conversation, and a supervisor who comes in") {
  Host host;
  Pair pair(host);
  Peer bob(host), eve(host);
  bob.asks(hello("agent bob"));
  eve.asks(hello("supervisor eve"));
  bob.asks(about("join"));
  CHECK(answered(bob, "\"not_found\""));  // nobody has asked him
  pair.agent.asks(about("join", R"(,"agent":"bob")"));
  CHECK(answered(pair.agent, "\"done\""));
  CHECK(bob.got("\"type\":\"joined\"") == 1);
  eve.asks(about("join"));
  CHECK(answered(eve, "\"joined\""));
  CHECK(pair.visitor.got("\"kind\":\"joined\"") == 2);
  bob.asks(about("send", R"(,"cseq":1,"body":"hello")"));
  CHECK(pair.visitor.got("\"entry\"", "hello") == 1);
  bob.asks(about("leave"));
  CHECK(answered(bob, "\"done\""));
  CHECK(bob.got("\"type\":\"left\"") == 1);
  pair.agent.asks(about("leave"));
  CHECK(answered(pair.agent, "\"conflict\"", "\"state_table\""));
}

TEST_CASE("what is known about a conversation") {
  Host host;
  Pair pair(host);
  pair.agent.asks(about("describe", R"(,"subject":"s","priority":"urgent","language":"zh-Hans",)"
                                    R"("tags":["b","a"],"skills":["x"],"attributes":{"k":"v"})"));
  pair.agent.asks(about("describe"));
  CHECK(answered(pair.agent, "\"about\"", "\"priority\":\"urgent\"", "\"zh-Hans\"",
                 R"("tags":["a","b"])", R"("skills":["x"])", R"({"k":"v"})"));
  pair.visitor.asks(about("describe"));
  CHECK(answered(pair.visitor, "\"denied\""));
}

}  // namespace
