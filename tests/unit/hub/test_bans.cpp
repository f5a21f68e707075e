#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

DeskOutcome told(Host& host, Ban ban) {
  DeskOutcome out{errc::timed_out};
  host.hub.ban(std::move(ban), [&](DeskOutcome outcome) { out = std::move(outcome); });
  CHECK(out.code == errc::timed_out);  // not inside the call
  host.loop.run_until_idle();
  return out;
}
DeskOutcome lifted(Host& host, std::string participant, std::string address = {}) {
  DeskOutcome out{errc::timed_out};
  host.hub.lift(std::move(participant), std::move(address),
                [&](DeskOutcome outcome) { out = std::move(outcome); });
  CHECK(out.code == errc::timed_out);  // not inside the call
  host.loop.run_until_idle();
  return out;
}
Ban of(std::string participant, std::string reason = "abuse") {
  return {std::move(participant), {}, {}, std::move(reason), {}, {}};
}
Ban of_address(std::string address) { return {{}, std::move(address), {}, {}, {}, {}}; }

TEST_CASE("a ban ends the sessions that live, and refuses hello until it is lifted") {
  Host host;
  Pair pair(host);
  CHECK(told(host, of("v")).code == errc::ok);
  CHECK(pair.visitor.got("\"denied\"", "\"rule\":\"banned\"", "abuse") == 1);
  CHECK(pair.visitor.closed_for == errc::denied);
  CHECK_FALSE(pair.agent.closed_for);

  Peer again(host);
  again.asks(hello("visitor v"));
  CHECK(again.got("\"rule\":\"banned\"") == 1);
  CHECK(again.got("welcome") == 0);
  CHECK(again.closed_for == errc::denied);

  CHECK(lifted(host, "v").changed);
  CHECK_FALSE(lifted(host, "v").changed);
  Peer back(host);
  back.asks(hello("visitor v"));
  CHECK(back.got("welcome") == 1);
}

TEST_CASE("a ban is over at its time") {
  Host host;
  Ban ban = of("v");
  ban.until = host.store.now() + 1h;
  CHECK(told(host, ban).code == errc::ok);
  Peer before(host);
  before.asks(hello("visitor v"));
  CHECK(before.got("banned") == 1);
  host.clock.advance(1h);
  Peer after(host);
  after.asks(hello("visitor v"));
  CHECK(after.got("welcome") == 1);
}

/// One whose address is given.
struct From final : Connection {
  From(Host& host, std::string at) : loop(host.loop), address(std::move(at)) {
    inbound = &host.hub.accepted(*this);
  }
  ~From() {
    inbound->on_closed(errc::ok);
    loop.run_until_idle();
  }
  void asks(std::string frame) {
    const std::size_t size = frame.size();
    frame.append(Inbound::kSlack, '\0');
    inbound->on_message({frame.data(), size}, Inbound::kSlack);
    loop.run_until_idle();
  }
  SendStatus send(SharedFrame frame) override {
    frames += frame.text();
    return SendStatus::accepted;
  }
  [[nodiscard]] std::size_t buffered() const override { return 0; }
  void pause_reading() override {}
  void resume_reading() override {}
  void close(errc reason) override { closed_for = reason; }
  [[nodiscard]] std::string_view peer() const override { return address; }
  [[nodiscard]] Executor& executor() override { return loop; }

  ManualExecutor& loop;
  std::string address, frames;
  Inbound* inbound = nullptr;
  std::optional<errc> closed_for;
};

TEST_CASE("a network is kept out, whoever comes from it, before their token is looked at") {
  Host host;
  From inside(host, "203.0.113.9"), outside(host, "203.0.114.9");
  inside.asks(hello("visitor v"));
  outside.asks(hello("visitor w"));
  CHECK(told(host, of_address("203.0.113.7/24")).code == errc::ok);
  CHECK(inside.closed_for == errc::denied);
  CHECK_FALSE(outside.closed_for);
  const std::size_t asked = host.callers.size();
  From next(host, "::ffff:203.0.113.200");
  next.asks(hello("visitor x"));
  CHECK(next.frames.find("banned") != std::string::npos);
  CHECK(host.callers.size() == asked);
  CHECK(lifted(host, "", "203.0.113.0/24").changed);
  From later(host, "203.0.113.9");
  later.asks(hello("visitor v"));
  CHECK(later.frames.find("welcome") != std::string::npos);
}

TEST_CASE("a single IPv6 address stands for its network, and a length is taken at its word") {
  Host host;
  CHECK(told(host, of_address("2001:db8:1:2::7")).code == errc::ok);
  CHECK(told(host, of_address("2001:db8:9:9::7/128")).code == errc::ok);
  const auto refused = [&](std::string address) {
    From next(host, std::move(address));
    next.asks(hello("visitor v"));
    return next.frames.find("banned") != std::string::npos;
  };
  CHECK(refused("2001:db8:1:2:aaaa::1"));
  CHECK_FALSE(refused("2001:db8:1:3::7"));
  CHECK(refused("2001:db8:9:9::7"));
  CHECK_FALSE(refused("2001:db8:9:9::8"));
  CHECK(lifted(host, "", "2001:db8:1:2::99").changed);  // named by another address of it
  CHECK_FALSE(refused("2001:db8:1:2:aaaa::1"));
}

HubOptions at(const ManualClock& clock) {
  HubOptions options;
  options.clock = &clock;
  return options;
}

TEST_CASE("a ban is known on another node, and after a restart") {
  Host host;
  ManualExecutor loop;
  Hub other({&loop}, host.store, at(host.clock));
  other.authenticate(std::make_unique<PlainTokens>());
  {
    Peer visitor(other, loop);
    visitor.asks(hello("visitor v"));
    CHECK(visitor.got("welcome") == 1);
    CHECK(told(host, of("v")).code == errc::ok);
    for (Nanoseconds passed{0}; passed <= limits{}.ban_check; passed += 250ms) {
      loop.advance_to(loop.now() + 250ms);
      loop.run_until_idle();
    }
    CHECK(visitor.closed_for == errc::denied);
    CHECK(visitor.got("\"rule\":\"banned\"") == 1);
  }
  ManualExecutor third_loop;
  Hub third({&third_loop}, host.store, at(host.clock));
  third.authenticate(std::make_unique<PlainTokens>());
  third_loop.run_until_idle();
  Peer visitor(third, third_loop);
  visitor.asks(hello("visitor v"));
  CHECK(visitor.got("\"rule\":\"banned\"") == 1);
}

TEST_CASE("what is no ban, and who may not make one") {
  limits bounds;
  bounds.max_bans = 1;
  Host host(bounds);
  CHECK(told(host, {}).code == errc::bad_frame);
  CHECK(told(host, of_address("here")).code == errc::bad_frame);
  CHECK(told(host, of("v", std::string(300, 'x'))).code == errc::too_large);
  Ban over = of("v");
  over.until = host.store.now();
  CHECK(told(host, over).rule == Rule::too_late);
  CHECK(told(host, of("v")).code == errc::ok);
  CHECK(told(host, of("w")).rule == Rule::capacity);
  std::vector<Ban> bans;
  host.hub.bans([&](result<std::vector<Ban>> all) { bans = *std::move(all); });
  host.loop.run_until_idle();
  REQUIRE(bans.size() == 1);
  CHECK(bans[0].participant == "v");
}

TEST_CASE("supervisors ban and lift on the wire, and nobody else") {
  Host host;
  Pair pair(host);
  Peer supervisor(host);
  supervisor.asks(hello("supervisor s"));
  pair.agent.asks(R"({"type":"ban","ref":"b","participant":"v"})");
  CHECK(pair.agent.got("\"ref\":\"b\"", "\"denied\"") == 1);
  supervisor.asks(R"({"type":"ban","ref":"b1","participant":"s"})");
  CHECK(supervisor.got("\"ref\":\"b1\"", "\"rule\":\"itself\"") == 1);
  supervisor.asks(R"({"type":"ban","ref":"b2","participant":"v","address":"::1"})");
  CHECK(supervisor.got("\"ref\":\"b2\"", "\"bad_frame\"") == 1);
  supervisor.asks(R"({"type":"ban","ref":"b3","participant":"v","reason":"rude"})");
  CHECK(supervisor.got("\"ref\":\"b3\"", "\"done\"") == 1);
  CHECK(pair.visitor.got("banned", "rude") == 1);
  supervisor.asks(R"({"type":"lift","ref":"b4","participant":"v"})");
  CHECK(supervisor.got("\"ref\":\"b4\"", "\"done\"") == 1);
  Peer back(host);
  back.asks(hello("visitor v"));
  CHECK(back.got("welcome") == 1);
}

}  // namespace
