// What is stored of agents who come and go.
#include <kefu/hub.hpp>
#include <kefu/memory/store.hpp>
#include <kefu/wire/records.hpp>

#include <doctest/doctest.h>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

struct Stored {
  Agent agent;
  std::uint64_t version = 0;
};

Stored stored(Host& host) {
  Stored out;
  host.memory.get(agent_key("ann"), [&](result<std::optional<Record>> record) {
    REQUIRE((record && *record));
    out.agent = std::get<Agent>(*wire::decode_record(agent_key("ann"), (*record)->value));
    out.version = (*record)->version;
  });
  return out;
}

std::string session_of(const Peer& agent) {
  constexpr std::string_view kName = R"("session":")";
  const std::string& welcome = agent.frames.front();
  return welcome.substr(welcome.find(kName) + kName.size(), 36);
}

}  // namespace

TEST_CASE("an agent whose connection broke and who is back at once costs no commit") {
  Host host;
  Peer ann(host);
  ann.asks(R"({"type":"hello","token":"agent ann","epoch":1})");
  const Stored before = stored(host);
  REQUIRE(before.agent.devices.size() == 1);

  ann.leaves();
  host.pass(500ms);
  Peer again(host);
  again.asks(R"({"type":"hello","token":"agent ann","epoch":2,"session":")" + session_of(ann) +
             "\"}");
  CHECK(again.got("\"type\":\"welcome\"", "\"resumed\":true") == 1);
  host.pass(3s);
  CHECK(stored(host).version == before.version);

  again.leaves();
  host.pass(3s);
  CHECK(stored(host).agent.devices.empty());
}

TEST_CASE("an agent who stays away is stored as gone after the delay") {
  Host host;
  Peer ann(host);
  ann.asks(R"({"type":"hello","token":"agent ann"})");
  ann.leaves();
  host.pass(750ms);
  CHECK(stored(host).agent.devices.size() == 1);
  host.pass(1s);
  CHECK(stored(host).agent.devices.empty());
}

TEST_CASE("an agent who is back on another io thread stays there") {
  ManualClock clock;
  memory::Store memory(clock);
  ManualExecutor one, two;
  HubOptions options;
  options.clock = &clock;
  Hub hub({&one, &two}, memory, std::move(options));
  hub.authenticate(std::make_unique<PlainTokens>());
  const auto pass = [&](Nanoseconds time) {
    for (; time.count() > 0; time -= Nanoseconds(50ms)) {
      clock.advance(50ms);
      one.advance(50ms);
      two.advance(50ms);
      one.run_until_idle();
      two.run_until_idle();
    }
  };
  const auto devices = [&] {
    std::vector<Device> out;
    memory.get(agent_key("ann"), [&](result<std::optional<Record>> record) {
      REQUIRE((record && *record));
      out = std::get<Agent>(*wire::decode_record(agent_key("ann"), (*record)->value)).devices;
    });
    return out;
  };

  std::uint64_t epoch = 1;
  auto ann = std::make_unique<Peer>(hub, one);
  ann->asks(R"({"type":"hello","token":"agent ann","epoch":1})");
  pass(1s);
  const std::string session = session_of(*ann);
  for (ManualExecutor* const next : {&two, &one, &one, &two}) {
    ann->leaves();
    pass(200ms);
    ann = std::make_unique<Peer>(hub, *next);
    ann->asks(R"({"type":"hello","token":"agent ann","epoch":)" + std::to_string(++epoch) +
              R"(,"session":")" + session + "\"}");
    for (int i = 0; i < 10; ++i) {
      pass(250ms);
      CHECK(devices().size() == 1);
    }
  }
  for (ManualExecutor* const next : {&one, &two}) {  // faster than anything is stored of it
    ann->leaves();
    ann = std::make_unique<Peer>(hub, *next);
    ann->asks(R"({"type":"hello","token":"agent ann","epoch":)" + std::to_string(++epoch) +
              R"(,"session":")" + session + "\"}");
    pass(100ms);
  }
  for (int i = 0; i < 10; ++i) {
    pass(250ms);
    CHECK(devices().size() == 1);
  }
  ann->leaves();
  pass(3s);
  CHECK(devices().empty());
}
