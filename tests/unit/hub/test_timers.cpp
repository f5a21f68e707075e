// What a desk does when a time has come: ends of conversations, and promises to visitors.
#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

using Bound = std::optional<Nanoseconds>;
SlaPolicy promise(Bound first, Bound next, Bound resolution, Nanoseconds warn_before) {
  SlaPolicy policy;
  policy.first_response = first;
  policy.next_response = next;
  policy.resolution = resolution;
  policy.warn_before = warn_before;
  return policy;
}
DeskOptions with_sla(SlaPolicy policy) {
  Department department;
  department.sla = "gold";
  DeskOptions desk = desk_with(department);
  desk.sla = {{"gold", policy}};
  return desk;
}
std::size_t told(const Peer& agent, std::string_view what) {
  return agent.got("\"kind\":\"sla\"", "\"body\":\"" + std::string(what) + "\"");
}

TEST_CASE("whoever waits for too long is given up, and a decline does not start the time anew") {
  Department department;
  department.offer_timeout = 5s;
  department.decline_pause = 1s;
  department.abandon_after = 20s;
  Host host({}, desk_with(department));
  Peer visitor(host), ann(host);
  ann.asks(hello("agent ann"));
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  host.pass(19s);
  CHECK(visitor.got("\"abandoned\"") == 0);
  host.pass(7s);  // and the offer that may be out
  CHECK(visitor.got("\"abandoned\"") == 1);
  visitor.asks(about("reopen"));
  ann.asks(about("accept"));
  host.pass(30s);
  CHECK(visitor.got("\"abandoned\"") == 1);
}

TEST_CASE("what was resolved closes by itself, unless it is reopened") {
  Department department;
  department.close_after = 20s;
  Host host({}, desk_with(department));
  Pair pair(host);
  pair.agent.asks(about("resolve"));
  host.pass(19s);
  pair.visitor.asks(about("reopen"));
  pair.agent.asks(about("accept"));
  host.pass(10s);
  CHECK(pair.visitor.got("\"kind\":\"closed\"") == 0);
  pair.agent.asks(about("resolve"));
  host.pass(19s);
  CHECK(pair.visitor.got("\"kind\":\"closed\"") == 0);
  host.pass(2s);
  CHECK(pair.visitor.got("\"kind\":\"closed\"") == 1);
}

TEST_CASE("a warning, a breach, and the answer that came too late") {
  Host host({}, with_sla(promise(60s, 30s, {}, 20s)));
  Pair pair(host);
  host.pass(39s);
  CHECK(told(pair.agent, "warned first_response") == 0);
  host.pass(2s);
  CHECK(told(pair.agent, "warned first_response") == 1);
  host.pass(20s);
  CHECK(told(pair.agent, "breached first_response") == 1);
  pair.agent.asks(about("send", R"(,"cseq":1,"body":"hello")"));
  host.pass(6s);
  CHECK(told(pair.agent, "met first_response") == 1);
  CHECK(pair.visitor.got("\"sla\"") == 0);
  // The next question counts from when it was asked.
  pair.visitor.asks(about("send", R"(,"cseq":1,"body":"and?")"));
  host.pass(29s);
  CHECK(told(pair.agent, "breached next_response") == 0);
  host.pass(2s);
  CHECK(told(pair.agent, "breached next_response") == 1);
}

TEST_CASE("an answer in time is no breach, and the clock stands still on hold") {
  Host host({}, with_sla(promise(60s, {}, 100s, 0s)));
  Pair pair(host);
  host.pass(59s);
  pair.agent.asks(about("send", R"(,"cseq":1,"body":"hello")"));
  host.pass(2s);
  CHECK(told(pair.agent, "breached first_response") == 0);
  pair.agent.asks(about("hold"));
  host.pass(300s);
  CHECK(told(pair.agent, "breached resolution") == 0);
  pair.agent.asks(about("resume"));
  host.pass(38s);
  CHECK(told(pair.agent, "breached resolution") == 0);
  host.pass(7s);  // what changed meanwhile is looked at every sla_check
  CHECK(told(pair.agent, "breached resolution") == 1);
  pair.agent.asks(about("resolve"));
  host.pass(6s);
  CHECK(told(pair.agent, "met resolution") == 1);
}

TEST_CASE("what came due while no hub was there is told by the next") {
  ManualClock clock;
  memory::Store store(clock);
  ManualExecutor loop;
  const auto hub = [&] {
    HubOptions options;
    options.clock = &clock;
    options.desk = with_sla(promise(60s, {}, {}, 0s));
    auto made = std::make_unique<Hub>(std::vector<Executor*>{&loop}, store, std::move(options));
    made->authenticate(std::make_unique<PlainTokens>());
    return made;
  };
  auto first = hub();
  {
    Peer visitor(*first, loop);
    visitor.asks(hello("visitor v"));
    visitor.asks(open());
  }
  first.reset();
  loop.drop_all();
  clock.advance(61s);
  loop.advance(61s);
  const auto second = hub();
  Peer ann(*second, loop);
  ann.asks(hello("agent ann"));
  for (int i = 0; i < 8; ++i) {
    clock.advance(1s);
    loop.advance(1s);
  }
  ann.asks(about("accept"));
  CHECK(told(ann, "breached first_response") == 1);
}

}  // namespace
