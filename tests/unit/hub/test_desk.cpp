#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <optional>

#include "unit/hub/host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kOther = "0199c1d2-0000-7000-8000-000000000002";

/// The last frame that answered.
std::string answer(const Peer& peer) {
  for (auto frame = peer.frames.rbegin(); frame != peer.frames.rend(); ++frame) {
    if (frame->find("\"ref\":\"r\"") != std::string::npos) return *frame;
  }
  return {};
}
bool refused(const Peer& peer, std::string_view code, std::string_view rule) {
  const std::string text = answer(peer);
  return text.find("\"code\":\"" + std::string(code) + "\"") != std::string::npos &&
         text.find("\"rule\":\"" + std::string(rule) + "\"") != std::string::npos;
}
bool done(const Peer& peer) { return answer(peer).find("\"done\"") != std::string::npos; }

limits with_capacity(std::uint32_t capacity) {
  limits bounds;
  bounds.agent_capacity = capacity;
  return bounds;
}

/// A visitor, and two agents who have come in this order.
struct Trio {
  explicit Trio(Host& on) : host(on), visitor(on), ann(on), bob(on) {
    ann.asks(hello("agent ann"));
    bob.asks(hello("agent bob"));
    visitor.asks(hello("visitor v"));
  }
  Host& host;
  Peer visitor, ann, bob;
};

}  // namespace

TEST_CASE("a conversation is offered to one agent, until a time, and the next when it runs out") {
  Host host;
  Trio all(host);
  all.visitor.asks(open());
  CHECK(all.ann.got("\"offer\"", "expires_at") == 1);
  CHECK(all.bob.got("\"offer\"") == 0);
  host.pass(29s);
  CHECK(all.bob.got("\"offer\"") == 0);
  host.pass(2s);
  CHECK(all.ann.got("\"offer_gone\"") == 1);
  CHECK(all.bob.got("\"offer\"", "expires_at") == 1);
}

TEST_CASE("what was offered to one can't be taken by another, and is named") {
  Host host;
  Trio all(host);
  all.visitor.asks(open());
  all.bob.asks(about("accept"));
  CHECK(refused(all.bob, "conflict", "taken"));
  all.ann.asks(about("accept"));
  CHECK(all.ann.got("\"joined\"", "\"agent\":\"ann\"") == 1);
  CHECK(all.visitor.got("\"entry\"", "\"assigned\"", "ann") == 1);
}

TEST_CASE("a decline goes on to the next at once") {
  Host host;
  Trio all(host);
  all.visitor.asks(open());
  all.ann.asks(about("decline", ",\"assignment\":2"));
  CHECK(done(all.ann));
  CHECK(all.bob.got("\"offer\"", "expires_at") == 1);
  all.ann.asks(about("decline", ",\"assignment\":2"));
  CHECK(done(all.ann));  // a retry
  all.ann.asks(about("decline"));
  CHECK(refused(all.ann, "conflict", "offered"));
}

TEST_CASE("nobody is asked above their capacity, and a slot that comes free is filled at once") {
  Host host(with_capacity(1));
  Peer first(host), second(host), ann(host);
  ann.asks(hello("agent ann"));
  first.asks(hello("visitor v"));
  second.asks(hello("visitor w"));
  first.asks(open());
  second.asks(open(kOther));
  ann.asks(about("accept"));
  CHECK(ann.got("\"offer\"", kOther) == 0);
  ann.asks(about("accept", "", kOther));
  CHECK(refused(ann, "conflict", "capacity"));
  ann.asks(about("resolve"));
  CHECK(done(ann));
  CHECK(ann.got("\"offer\"", kOther) == 1);
}

TEST_CASE("who is away is not asked, and is as soon as they are back") {
  Host host;
  Peer visitor(host), ann(host);
  ann.asks(hello("agent ann"));
  ann.asks(R"({"type":"presence","ref":"r","intent":"away"})");
  CHECK(done(ann));
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  CHECK(ann.got("\"offer\"") == 0);
  ann.asks(R"({"type":"presence","intent":"available","capacity":2})");
  CHECK(ann.got("\"offer\"", "expires_at") == 1);
}

TEST_CASE("the staff is told of so many agents and no more, the first by their ids") {
  limits bounds;
  bounds.agents_told = 1;
  Host host(bounds);
  Trio all(host);
  host.pass(15s);
  Peer late(host);
  late.asks(hello("agent zoe"));
  host.pass(1s);
  for (const Peer* const one : std::initializer_list<const Peer*>{&all.bob, &late}) {
    CHECK(one->got("\"agents\"", "\"id\":\"ann\"") == 1);
    CHECK(one->got("\"agents\"", "\"id\":\"bob\"") == 0);
  }
}

TEST_CASE("a transfer: the new owner reads from the start, the old one no more") {
  Host host;
  Trio all(host);
  all.visitor.asks(open());
  all.ann.asks(about("accept"));
  all.ann.asks(about("transfer", R"(,"agent":"bob","note":"a refund")"));
  CHECK(done(all.ann));
  CHECK(all.ann.got("\"left\"") == 1);
  CHECK(all.bob.got("\"joined\"", "\"agent\":\"bob\"") == 1);
  CHECK(all.bob.got("\"entry\"", "a refund") == 1);
  CHECK(all.visitor.got("a refund") == 0);
  CHECK(all.visitor.got("\"entry\"", "\"assigned\"", "bob") == 1);
  const std::size_t before = all.ann.frames.size();
  all.visitor.asks(about("send", R"(,"cseq":1,"body":"hello")"));
  CHECK(all.ann.frames.size() == before);
  CHECK(all.bob.got("\"entry\"", "hello") == 1);
  all.ann.asks(about("resolve"));
  CHECK(refused(all.ann, "denied", "owner"));
}

TEST_CASE("a transfer to somebody who is not there is refused") {
  Host host;
  Trio all(host);
  all.visitor.asks(open());
  all.ann.asks(about("accept"));
  all.ann.asks(about("transfer", R"(,"agent":"carl")"));
  CHECK(refused(all.ann, "conflict", "presence"));
  all.ann.asks(about("transfer", R"(,"agent":"ann")"));
  CHECK(refused(all.ann, "bad_frame", "itself"));
}

TEST_CASE("an agent who does not come back loses what they have, after the grace period") {
  Host host;
  Trio all(host);
  all.visitor.asks(open());
  all.ann.asks(about("accept"));
  host.pass(40s);  // this node is old enough to judge
  all.ann.leaves();
  host.pass(29s);
  CHECK(all.bob.got("\"offer\"") == 0);
  host.pass(3s);
  CHECK(all.bob.got("\"offer\"", "expires_at") == 1);
  CHECK(all.visitor.got("\"entry\"", "\"queued\"") == 1);
}

TEST_CASE("hold, resume, resolve and reopen are entries of the log") {
  Host host;
  Trio all(host);
  all.visitor.asks(open());
  all.ann.asks(about("accept"));
  for (const char* type : {"hold", "resume", "resolve"}) {
    all.ann.asks(about(type));
    CHECK(done(all.ann));
  }
  all.visitor.asks(about("reopen"));
  for (const char* kind : {"held", "resumed", "resolved", "reopened"})
    CHECK(all.visitor.got("\"entry\"", "\"kind\":\"" + std::string(kind) + "\"") == 1);
  CHECK(all.ann.got("\"offer\"") == 2);  // the one who had it before
}

TEST_CASE("a change that names an assignment acts once, however late it comes again") {
  Host host;
  Trio all(host);
  all.visitor.asks(open());
  all.ann.asks(about("accept"));
  const std::string hold = about("hold", ",\"assignment\":3");
  all.ann.asks(hold);
  CHECK(done(all.ann));
  all.ann.asks(about("resume", ",\"assignment\":4"));
  CHECK(done(all.ann));
  all.ann.asks(hold);  // the first one, out of some buffer
  CHECK(done(all.ann));
  CHECK(all.visitor.got("\"entry\"", "\"kind\":\"held\"") == 1);
  all.ann.asks(about("resolve", ",\"assignment\":4"));
  CHECK(refused(all.ann, "conflict", "epoch"));
  CHECK(answer(all.ann).find("\"current\":5") != std::string::npos);
}

TEST_CASE("who was here on another device meanwhile is not sent away by a late retry") {
  Host host;
  Peer desk(host), phone(host);
  desk.asks(hello("agent ann"));
  phone.asks(hello("agent ann"));
  const std::string away = R"({"type":"presence","ref":"r","intent":"away","version":0})";
  desk.asks(away);
  CHECK(answer(desk).find("\"version\":1") != std::string::npos);
  desk.asks(away);
  CHECK(done(desk));  // a retry
  phone.asks(R"({"type":"presence","ref":"r","intent":"available","version":1})");
  CHECK(answer(phone).find("\"version\":2") != std::string::npos);
  desk.asks(away);
  CHECK(refused(desk, "conflict", "version"));
  CHECK(answer(desk).find("\"current\":2") != std::string::npos);
}

TEST_CASE("visitors who wait hear of their place when it changes, and of nothing else") {
  Host host;
  Peer first(host), second(host);
  first.asks(hello("visitor v"));
  second.asks(hello("visitor w"));
  first.asks(open());
  host.pass(10ms);
  second.asks(open(kOther));
  host.pass(3s);
  CHECK(first.got("\"queue\"", "\"position\":1") == 1);
  CHECK(second.got("\"queue\"", "\"position\":2") == 1);
  first.asks(about("close"));
  host.pass(2s);
  CHECK(second.got("\"queue\"", "\"position\":1") == 1);
  CHECK(second.got("\"queue\"") == 2);
}

TEST_CASE("the staff hears who is there") {
  Host host;
  Trio all(host);
  host.pass(2s);
  CHECK(all.ann.got("\"agents\"", R"("id":"bob","intent":"available","present":true)") == 1);
  all.bob.asks(R"({"type":"presence","intent":"busy"})");
  host.pass(2s);
  CHECK(all.ann.got("\"agents\"", R"("id":"bob","intent":"busy","present":true)") == 1);
  all.bob.leaves();
  host.pass(2s);
  CHECK(all.ann.got("\"agents\"", "\"id\":\"bob\"", "\"present\":false") == 1);
  CHECK(all.visitor.got("\"agents\"") == 0);
}

TEST_CASE("supervisors watch, whisper, and take over") {
  Host host;
  Trio all(host);
  Peer boss(host);
  boss.asks(hello("supervisor boss"));
  all.visitor.asks(open());
  all.ann.asks(about("accept"));
  boss.asks(about("watch"));
  CHECK(boss.got("\"joined\"") == 1);
  boss.asks(about("note", R"(,"cseq":1,"body":"be kind")"));
  CHECK(all.ann.got("\"entry\"", "be kind") == 1);
  CHECK(all.visitor.got("be kind") == 0);
  boss.asks(about("take_over"));
  CHECK(all.ann.got("\"left\"") == 1);
  CHECK(all.visitor.got("\"entry\"", "\"assigned\"", "boss") == 1);
  all.ann.asks(about("watch"));
  CHECK(answer(all.ann).find("denied") != std::string::npos);
}

TEST_CASE("departments: only declared ones, their own agents, and overflow") {
  DeskOptions desk;
  Department billing;
  billing.id = "billing";
  billing.strategy = strategy::kPick;
  billing.overflow_to = "sales";
  billing.overflow_after = 10s;
  Department sales;
  sales.id = "sales";
  desk.departments = {billing, sales};
  Host host({}, desk);
  Trio all(host);
  all.visitor.asks(R"({"type":"open","ref":"r","department":"garden","id":")" +
                   std::string(kConversation) + "\"}");
  CHECK(refused(all.visitor, "not_found", "department"));
  all.visitor.asks(open(kConversation, "billing"));
  CHECK(all.ann.got("\"offer\"") == 1);
  CHECK(all.ann.got("\"offer\"", "expires_at") == 0);
  host.pass(11s);
  CHECK(all.ann.got("\"offer_gone\"") == 1);
  CHECK(all.ann.got("\"offer\"", "expires_at") + all.bob.got("\"offer\"", "expires_at") == 1);
}

TEST_CASE("the host may be asked, and its answer is an offer") {
  DeskOptions desk;
  desk.strategy = strategy::kHost;
  std::optional<Completion<std::string>> asked;
  desk.ask = [&](const Conversation& c, std::vector<Agent> agents, Completion<std::string> done) {
    CHECK(c.visitor == "v");
    CHECK(agents.size() == 2);
    asked = std::move(done);
  };
  Host host({}, std::move(desk));
  Trio all(host);
  all.visitor.asks(open());
  REQUIRE(asked);
  CHECK(all.ann.got("\"offer\"") + all.bob.got("\"offer\"") == 0);
  SUBCASE("in time") {
    (*asked)("bob");
    host.loop.run_until_idle();
    CHECK(all.bob.got("\"offer\"", "expires_at") == 1);
  }
  SUBCASE("too late: the desk decides") {
    host.pass(3s);
    CHECK(all.ann.got("\"offer\"", "expires_at") == 1);
  }
}

TEST_CASE("outside business hours visitors write, and nobody is asked") {
  DeskOptions desk;
  BusinessHours hours;  // never
  desk.calendars["office"] = {hours, {}};
  Department sales;
  sales.id = "sales";
  sales.calendar = "office";
  desk.departments = {sales};
  Host host({}, std::move(desk));
  Trio all(host);
  all.visitor.asks(open(kConversation, "sales"));
  all.visitor.asks(about("send", R"(,"cseq":1,"body":"hello")"));
  host.pass(3s);
  CHECK(all.visitor.got("\"ack\"") == 1);
  CHECK(all.ann.got("\"offer\"") + all.bob.got("\"offer\"") == 0);
}

TEST_CASE("names that nothing stands for are refused when the hub is made") {
  DeskOptions desk;
  desk.strategy = "fairest";
  CHECK_THROWS_AS(Host({}, desk), std::invalid_argument);
  desk.strategy = strategy::kHost;
  CHECK_THROWS_AS(Host({}, desk), std::invalid_argument);
}
