#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

#include "unit/hub/host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

/// Keeps appends back until they are let go.
class SlowAppends final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;

  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override {
    if (!slow) return inner().append(std::move(batch), std::move(done));
    kept.push_back([this, batch = std::move(batch), done = std::move(done)]() mutable {
      inner().append(std::move(batch), std::move(done));
    });
  }
  void let_go() {
    for (Completion<>& each : std::exchange(kept, {})) each();
  }

  bool slow = false;
  std::vector<Completion<>> kept;
};

struct Draining {
  explicit Draining(limits bounds = {})
      : memory(clock, bounds), store(memory), hub({&loop}, store, options(bounds)) {
    hub.authenticate(std::make_unique<PlainTokens>());
  }
  HubOptions options(const limits& bounds) {
    HubOptions out;
    out.limits = bounds;
    out.clock = &clock;
    out.random = [this] { return ++random * 0x9e37'79b9'7f4a'7c15u; };
    return out;
  }
  void begin(Peer& visitor) {
    visitor.asks(hello("visitor v"));
    visitor.asks(open());
  }
  void drain() {
    hub.drain(loop.now() + 5s, [this] { drained = true; });
    loop.run_until_idle();
  }

  ManualClock clock;
  memory::Store memory;
  SlowAppends store;
  ManualExecutor loop;
  std::uint64_t random = 0;
  bool drained = false;
  Hub hub;
};

std::string send(int cseq, const std::string& body = "x") {
  return "{\"type\":\"send\"," + in_conversation() + ",\"cseq\":" + std::to_string(cseq) +
         ",\"body\":\"" + body + "\"}";
}

}  // namespace

TEST_CASE(
    "a hub that drains acknowledges what it had taken, then closes, and serves nothing more") {
  Draining rig;
  Peer visitor(rig.hub, rig.loop), idle(rig.hub, rig.loop), silent(rig.hub, rig.loop);
  rig.begin(visitor);
  idle.asks(hello("visitor idle"));
  rig.store.slow = true;
  visitor.asks(send(1));
  rig.drain();

  CHECK(silent.closed_for == errc::shutting_down);
  CHECK(idle.closed_for == errc::shutting_down);
  CHECK(idle.frames.back().find("\"retry_after\":") != std::string::npos);
  CHECK_FALSE(visitor.closed_for);
  visitor.asks(send(2));  // too late
  CHECK(rig.store.kept.size() == 1);

  rig.store.let_go();
  rig.loop.run_until_idle();
  CHECK(visitor.got("\"ack\"", "\"cseq\":1") == 1);
  CHECK(visitor.got("\"cseq\":2") == 0);
  CHECK(visitor.frames.back().find("shutting_down") != std::string::npos);
  CHECK(visitor.closed_for == errc::shutting_down);

  CHECK_FALSE(rig.drained);
  visitor.leaves();
  idle.leaves();
  CHECK_FALSE(rig.drained);
  silent.leaves();
  CHECK(rig.drained);
}

TEST_CASE("who comes while a hub drains is sent away") {
  Draining rig;
  rig.drain();
  CHECK(rig.drained);
  Peer late(rig.hub, rig.loop);
  rig.loop.run_until_idle();
  CHECK(late.closed_for == errc::shutting_down);
}

TEST_CASE("a store that never answers does not keep a hub from draining in time") {
  Draining rig;
  Peer visitor(rig.hub, rig.loop);
  rig.begin(visitor);
  rig.store.slow = true;
  visitor.asks(send(1));
  rig.drain();
  rig.loop.advance(4999ms);
  CHECK_FALSE(visitor.closed_for);
  rig.loop.advance(1ms);
  CHECK(visitor.closed_for == errc::shutting_down);
  CHECK(rig.drained);
}

TEST_CASE("while the store does not answer, whoever sends is not read") {
  limits bounds;
  bounds.pending_drafts = 8;
  Draining rig(bounds);
  Peer visitor(rig.hub, rig.loop), idle(rig.hub, rig.loop);
  rig.begin(visitor);
  idle.asks(hello("visitor idle"));
  rig.store.slow = true;
  for (int cseq = 1; cseq <= 3; ++cseq) visitor.asks(send(cseq));
  CHECK_FALSE(visitor.paused);
  visitor.asks(send(4));
  CHECK(visitor.paused);
  CHECK_FALSE(idle.paused);
  rig.store.let_go();
  rig.store.slow = false;
  rig.loop.run_until_idle();
  CHECK_FALSE(visitor.paused);
  CHECK(visitor.got("\"ack\"") >= 1);
  CHECK(visitor.got("overloaded") == 0);
}

TEST_CASE("whoever is not read for want of a store is read again, however few drafts may wait") {
  limits bounds;
  bounds.pending_drafts = 2;
  Draining rig(bounds);
  Peer visitor(rig.hub, rig.loop);
  rig.begin(visitor);
  visitor.asks(send(1));
  CHECK(visitor.got("\"ack\"") == 1);
  CHECK_FALSE(visitor.paused);
}

TEST_CASE("drafts that wait for the store are bounded by their bytes too") {
  limits bounds;
  bounds.pending_bytes = 1000;
  Draining rig(bounds);
  Peer visitor(rig.hub, rig.loop), small(rig.hub, rig.loop);
  rig.begin(visitor);
  small.asks(hello("visitor small"));
  small.asks(open("0199c1d2-0000-7000-8000-000000000002"));
  rig.store.slow = true;
  const std::string body(300, 'x');
  visitor.asks(send(1, body));
  CHECK_FALSE(visitor.paused);
  visitor.asks(send(2, body));
  CHECK(visitor.paused);
  for (int cseq = 3; cseq <= 5; ++cseq) visitor.asks(send(cseq, body));  // it had come already
  CHECK(visitor.got("\"overloaded\"", "\"cseq\":5") == 1);
  CHECK(visitor.got("\"overloaded\"") == 1);
  HubStats stats;
  rig.hub.stats([&](const HubStats& now) { stats = now; });
  rig.loop.run_until_idle();
  CHECK(stats.pending_bytes == 1200);
  rig.store.let_go();
  rig.store.slow = false;
  rig.loop.run_until_idle();
  CHECK_FALSE(visitor.paused);
  visitor.asks(send(5, body));
  CHECK(visitor.got("\"ack\"", "\"cseq\":5") == 1);
  rig.hub.stats([&](const HubStats& now) { stats = now; });
  rig.loop.run_until_idle();
  CHECK(stats.pending_bytes == 0);
}

TEST_CASE("clients are told to come back at different times, within the bounds") {
  Draining rig;
  std::deque<Peer> peers;
  for (int i = 0; i < 50; ++i)
    peers.emplace_back(rig.hub, rig.loop).asks(hello("visitor v" + std::to_string(i)));
  rig.drain();
  std::vector<int> delays;
  for (const Peer& peer : peers) {
    const std::string& last = peer.frames.back();
    const std::size_t at = last.find("\"retry_after\":");
    REQUIRE(at != std::string::npos);
    delays.push_back(std::stoi(last.substr(at + 14)));
  }
  std::ranges::sort(delays);
  CHECK(delays.front() >= 1000);
  CHECK(delays.back() < 5000);
  CHECK(delays.front() < 1500);
  CHECK(delays.back() > 4500);
}
