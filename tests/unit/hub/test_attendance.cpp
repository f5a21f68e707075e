// What is stored of agents who come and go.
#include <kefu/hub.hpp>
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
