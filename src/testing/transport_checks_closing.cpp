#include "testing/transport_rig.hpp"

namespace kefu::inline v0::testing {
namespace {

void expect_told(TransportRig& rig, TransportClient& client, errc reason,
                 int line = __builtin_LINE()) {
  const errc told = rig.end_of(client);
  if (rig.host().tells_reasons())
    expect_equal(told, reason, "the reason that a client is told", line);
}

void writes_then_tells_why(TransportRig& rig) {
  for (const errc reason : {errc::slow, errc::token_expired, errc::shutting_down}) {
    const TestLink link = rig.connect();
    constexpr std::size_t kFrames = 20;
    rig.on_shard(*link.server, [reason](ServerEnd& end) {
      for (std::size_t i = 0; i < kFrames; ++i) end.send(text_of(i, 500));
      end.close(reason);
    });
    for (std::size_t i = 0; i < kFrames; ++i)
      expect_equal(rig.next(*link.client), text_of(i, 500), "a frame sent before close()");
    expect_told(rig, *link.client, reason);
    expect_equal(rig.closing_of(*link.server), reason, "the reason of on_closed()");
  }
}

void takes_nothing_after_close(TransportRig& rig) {
  const TestLink link = rig.connect();
  rig.on_shard(*link.server, [](ServerEnd& end) {
    end.send("before");
    end.close(errc::slow);
    for (int i = 0; i < 3; ++i) {
      if (end.send("after") != SendStatus::closed)
        throw Failure("send() after close() took a frame");
    }
  });
  expect_equal(rig.next(*link.client), std::string("before"), "the last frame");
  rig.await(
      [&] {
        expect(!link.client->receive(), "a frame that was refused has come");
        return link.client->ended().has_value();
      },
      "the end of a client's link");
}

void closes_once(TransportRig& rig) {
  const TestLink link = rig.connect();
  rig.on_shard(*link.server, [](ServerEnd& end) {
    end.close(errc::slow);
    end.close(errc::token_expired);
    end.close(errc::slow);
  });
  expect_told(rig, *link.client, errc::slow);
  expect_equal(rig.closing_of(*link.server), errc::slow, "the reason of on_closed()");
}

void closes_from_inside(TransportRig& rig) {
  rig.when_accepted([](ServerEnd& end) { end.close(errc::denied); });
  const auto refused = rig.host().dial();
  rig.await([&] { return rig.accepted() == 1; }, "accepting a client");
  expect_told(rig, *refused, errc::denied);
  expect_equal(rig.closing_of(*rig.ends().back()), errc::denied, "the reason of on_closed()");

  rig.when_accepted({});
  rig.when_message([](ServerEnd& end, std::string_view) { end.close(errc::slow); });
  const TestLink link = rig.connect();
  for (int i = 0; i < 10; ++i) link.client->send("enough");
  expect_told(rig, *link.client, errc::slow);
  expect_equal(rig.closing_of(*link.server), errc::slow, "the reason of on_closed()");
}

errc goodbye(TransportRig& rig) { return rig.host().says_goodbye() ? errc::ok : errc::unavailable; }

void a_peer_says_goodbye(TransportRig& rig) {
  const TestLink link = rig.connect();
  for (std::size_t i = 0; i < 20; ++i) link.client->send(text_of(i, 100));
  link.client->close();
  expect_equal(rig.closing_of(*link.server), goodbye(rig), "the reason when the peer says goodbye");
  expect_equal(link.server->messages(), std::size_t{20}, "messages before the goodbye");
}

void a_peer_vanishes(TransportRig& rig) {
  TestLink link = rig.connect();
  link.client->send("hello");
  rig.await([&] { return link.server->messages() == 1; }, "a message");
  link.client.reset();
  expect(rig.closing_of(*link.server) != errc::ok, "a lost connection counts as closed in order");
}

void both_close_at_once(TransportRig& rig) {
  for (int i = 0; i < 10; ++i) {
    const TestLink link = rig.connect();
    link.server->executor().post([&rig, server = link.server] {
      const Turn turn(rig, server->executor(), "a task");
      if (!server->closed()) server->close(errc::slow);
    });
    link.client->close();
    const errc reason = rig.closing_of(*link.server);
    expect(reason == errc::slow || reason == goodbye(rig),
           "both have closed, and yet it is " + show(reason));
  }
}

/// With frames under way to a client that does not read them.
TestLink stuck(TransportRig& rig) {
  TestLink link = rig.connect();
  link.client->pause_reading();
  fill(rig, *link.server);
  return link;
}

void does_not_wait_forever(TransportRig& rig) {
  const TestLink link = stuck(rig);
  rig.on_shard(*link.server, [](ServerEnd& end) { end.close(errc::slow); });
  expect_equal(rig.closing_of(*link.server), errc::slow, "the reason of on_closed()");
}

void stops(TransportRig& rig) {
  const std::vector<TestLink> links = rig.connect(5);
  for (const TestLink& link : links)
    rig.on_shard(*link.server, [](ServerEnd& end) { end.send("last"); });
  rig.stop(Nanoseconds(5'000'000'000));
  for (const TestLink& link : links) {
    expect_equal(rig.next(*link.client), std::string("last"), "what was queued before stop()");
    expect_told(rig, *link.client, errc::shutting_down);
    expect_equal(rig.closing_of(*link.server), errc::shutting_down, "the reason of on_closed()");
  }
  rig.await([&] { return rig.stopped(); }, "stop()");
  const auto late = rig.host().dial();
  static_cast<void>(rig.end_of(*late));
  expect_equal(rig.accepted(), links.size(), "connections accepted, with one after stop()");
}

void stop_lets_a_hub_finish(TransportRig& rig) {
  rig.be_busy_when_stopped();
  const TestLink busy = rig.connect();
  const TestLink idle = rig.connect();
  rig.stop(Nanoseconds(20'000'000'000));
  rig.await([&] { return busy.server->stopping() && idle.server->stopping(); }, "on_stopping()");
  expect(!rig.stopped(), "stop() does not wait for those that have something to finish");
  for (const TestLink* link : {&busy, &idle}) {
    rig.on_shard(*link->server, [](ServerEnd& end) {
      end.send("finished");
      end.close(errc::shutting_down);
    });
    expect_equal(rig.next(*link->client), std::string("finished"), "what was sent while stopping");
    expect_told(rig, *link->client, errc::shutting_down);
  }
  rig.await([&] { return rig.stopped(); }, "stop()");
}

void stop_does_not_wait_for_a_hub(TransportRig& rig) {
  rig.be_busy_when_stopped();
  const TestLink link = rig.connect();
  rig.stop(Nanoseconds(400'000'000));
  expect_told(rig, *link.client, errc::shutting_down);
  expect_equal(rig.closing_of(*link.server), errc::shutting_down, "the reason of on_closed()");
  rig.await([&] { return rig.stopped(); }, "stop()");
}

void stop_cuts(TransportRig& rig) {
  const TestLink link = stuck(rig);
  const TestLink other = rig.connect();
  Executor& clock = *rig.host().executors().front();
  const Instant late = clock.now() + Nanoseconds(5'000'000'000);
  rig.stop(Nanoseconds(50'000'000));
  rig.await([&] { return rig.stopped(); }, "stop(), with a client that doesn't read");
  expect(clock.now() < late, "stop() goes on long after its deadline");
  expect_equal(rig.closing_of(*link.server), errc::shutting_down, "the reason of on_closed()");
  expect_equal(rig.closing_of(*other.server), errc::shutting_down, "the reason of on_closed()");
}

void stops_alone(TransportRig& rig) {
  rig.stop(Nanoseconds(5'000'000'000));
  rig.await([&] { return rig.stopped(); }, "stop() without connections");
}

}  // namespace

void add_closing_checks(std::vector<TransportCheck>& checks) {
  const auto add = [&](std::string_view name, std::string (*run)(TransportHost&)) {
    checks.push_back({name, run});
  };
  add("close: writes what is queued, then tells why", run_transport_check<writes_then_tells_why>);
  add("close: takes nothing afterwards", run_transport_check<takes_nothing_after_close>);
  add("close: once", run_transport_check<closes_once>);
  add("close: from inside a call", run_transport_check<closes_from_inside>);
  add("close: by the peer", run_transport_check<a_peer_says_goodbye>);
  add("close: by a peer that vanishes", run_transport_check<a_peer_vanishes>);
  add("close: by both at once", run_transport_check<both_close_at_once>);
  add("close: bounded in time", run_transport_check<does_not_wait_forever>);
  add("stop: closes everybody, lets nobody in", run_transport_check<stops>);
  add("stop: lets a hub finish", run_transport_check<stop_lets_a_hub_finish>);
  add("stop: does not wait for a hub that does not finish",
      run_transport_check<stop_does_not_wait_for_a_hub>);
  add("stop: cuts at its deadline", run_transport_check<stop_cuts>);
  add("stop: with nobody there", run_transport_check<stops_alone>);
}

}  // namespace kefu::inline v0::testing
