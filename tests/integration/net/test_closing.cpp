#include <doctest/doctest.h>

#include <kefu/net/server.hpp>
#include <kefu/wire/close_code.hpp>

#include "integration/net/certificates.hpp"
#include "integration/net/host.hpp"

using namespace kefu;
using namespace kefu::net;
using namespace kefu::net::testing;
using websocket::EventKind;
using websocket::Opcode;

namespace {

constexpr Nanoseconds kSoon{20'000'000};
constexpr Nanoseconds kNever{3'600'000'000'000};

/// Closes with the reason that a message names.
void close_as_told(Peer& peer, std::string_view text) { peer.close(errc_from_name(text)); }

/// What the peer is told after it has sent these bytes.
Received refusal_of(std::string_view bytes, std::string_view noted, ServerOptions options = {}) {
  Host host{std::move(options)};
  host.start();
  WsClient client{host.port()};
  client.stream().write(bytes);
  Received received = client.receive();
  // It reads on until we end, so that the close frame can't be lost.
  client.stream().write(std::string(100'000, 'x'));
  client.stream().end_writing();
  CHECK(client.stream().read_all().empty());
  host.recorder.await("closed " + std::string{noted});
  host.await_connections(0);
  return received;
}

}  // namespace

TEST_CASE("the hub closes: what is queued, then why, then the peer's answer") {
  Host host;
  host.acceptor.on_message = [](Peer& peer, std::string_view text) {
    peer.send("before");
    peer.close(errc_from_name(text));
    peer.close(errc::overloaded);  // the first counts
    CHECK(peer.send("after") == SendStatus::closed);
  };
  host.start();
  for (const errc reason : {errc::ok, errc::fenced, errc::slow, errc::session_expired,
                            errc::unauthenticated, errc::timed_out, errc::shutting_down}) {
    WsClient client{host.port()};
    client.send(name(reason));
    client.send("too late to be heard");
    CHECK(client.receive_text() == "before");
    const Received received = client.receive();
    CHECK(received.kind == EventKind::close);
    CHECK(received.code == wire::close_code(reason));
    CHECK(received.text == (reason == errc::ok ? "" : name(reason)));
    client.send_close(received.code);
    CHECK(client.receive().kind == EventKind::need_more);
    host.recorder.await("closed " + std::string{name(reason)});
  }
  CHECK(host.server.connections() == 0);
}

TEST_CASE("the hub may close while it accepts") {
  Host host;
  host.acceptor.on_accept = [](Peer& peer) {
    peer.send("hello");
    peer.close(errc::overloaded);
  };
  host.start();
  WsClient client{host.port()};
  CHECK(client.receive_text() == "hello");
  CHECK(client.receive().code == 1013);
  client.stream().reset();
  host.recorder.await("closed overloaded");
}

TEST_CASE("a peer that doesn't answer a close is cut") {
  Host host{{.close_timeout = kSoon}};
  host.acceptor.on_message = close_as_told;
  host.start();
  WsClient client{host.port()};
  client.send("denied");
  CHECK(client.receive().code == 1008);
  CHECK(client.receive().kind == EventKind::need_more);
  host.recorder.await("closed denied");
}

TEST_CASE("a peer that doesn't read is cut, with what was queued for it") {
  Host host{{.close_timeout = kSoon}};
  host.acceptor.on_message = [](Peer& peer, std::string_view) {
    const std::string text(100'000, 'x');
    for (int i = 0; i < 200; ++i) peer.send(text);
    peer.close(errc::slow);
  };
  host.start();
  WsClient client{host.port(), {.receive_buffer = 4096}};
  client.send("go");
  host.recorder.await("closed slow");
  CHECK(host.server.connections() == 0);
}

TEST_CASE("the peer closes: its code comes back") {
  Host host;
  host.start();
  WsClient client{host.port()};
  client.send("last words");
  client.send_close(4321, "enough");
  CHECK(client.receive_text() == "last words");
  const Received received = client.receive();
  CHECK(received.kind == EventKind::close);
  CHECK(received.code == 4321);
  CHECK(client.receive().kind == EventKind::need_more);
  host.recorder.await("closed ok");

  WsClient silent{host.port()};
  silent.send_frame(Opcode::close, true, "");
  CHECK(silent.receive().code == websocket::kCloseNoStatus);
  CHECK(silent.receive().kind == EventKind::need_more);
  host.recorder.await("closed ok", 2);
}

TEST_CASE("both close at once") {
  Host host;
  host.acceptor.on_message = close_as_told;
  host.start();
  WsClient client{host.port()};
  client.stream().write(masked_frame(Opcode::text, true, "slow") +
                        masked_frame(Opcode::close, true, "\x03\xe8"));
  CHECK(client.receive().code == 4002);
  CHECK(client.receive().kind == EventKind::need_more);
  host.recorder.await("closed slow");
}

TEST_CASE("a connection that just ends is unavailable") {
  Host host;
  host.start();
  WsClient ended{host.port()};
  ended.send("hello");
  ended.stream().end_writing();
  host.recorder.await("closed unavailable");
  WsClient broken{host.port()};
  broken.stream().reset();
  host.recorder.await("closed unavailable", 2);
  host.await_connections(0);
}

TEST_CASE("what a peer may not send is refused with a code of its own") {
  CHECK(refusal_of(masked_frame(Opcode::text, true, std::string(101, 'x')), "too_large",
                   {.max_message = 100})
            .code == 1009);
  CHECK(refusal_of(masked_frame(Opcode::text, true, "\xff"), "bad_frame").code == 1007);
  CHECK(refusal_of(masked_frame(Opcode::binary, true, "\x01"), "unsupported").code == 1003);
  CHECK(refusal_of("\x81\x01x", "bad_frame").code == 1002);
  const Received received = refusal_of(masked_frame(Opcode::continuation, true, "x"), "bad_frame");
  CHECK(received.code == 1002);
  CHECK(received.text == "unexpected continuation");
}

TEST_CASE("a silent peer is pinged and then given up") {
  Host host{{.ping_interval = kSoon}};
  host.start();
  WsClient client{host.port()};
  CHECK(client.receive().kind == EventKind::ping);
  host.recorder.await("closed timed_out");
  CHECK(host.server.connections() == 0);
}

TEST_CASE("a peer that answers pings stays, and so does one that isn't read") {
  Host host{{.ping_interval = Milliseconds{300}}};
  host.acceptor.on_message = [&](Peer& peer, std::string_view text) {
    if (text == "pause") {
      peer.connection().pause_reading();
      host.recorder.note("paused");
    } else {
      peer.send(text);
    }
  };
  host.start();
  WsClient paused{host.port()};
  paused.send("pause");
  host.recorder.await("paused");
  WsClient client{host.port()};
  for (int i = 0; i < 3; ++i) {
    const Received ping = client.receive();
    REQUIRE(ping.kind == EventKind::ping);
    client.send_frame(Opcode::pong, true, ping.text);
  }
  client.send("still here");
  CHECK(client.receive_text() == "still here");
  CHECK(host.server.connections() == 2);
}

TEST_CASE("stopping closes everyone, and cuts who doesn't answer at the deadline") {
  Host host{{.close_timeout = kNever}, 2};
  host.start();
  const std::uint16_t port = host.port();
  WsClient polite{port};
  WsClient mute{port};
  HttpClient idle{port};
  CHECK(idle.get("/nothing").head.status() == 404);
  std::thread answering{[&] {
    CHECK(polite.receive().code == 1012);
    polite.send_close(1012);
    CHECK(polite.receive().kind == EventKind::need_more);
  }};
  host.stop_server(Milliseconds{200});
  answering.join();
  CHECK(host.recorder.count("closed shutting_down") == 2);
  CHECK(host.server.connections() == 0);
  CHECK(idle.stream().read_some().empty());
  CHECK_THROWS(Stream{port});
}

TEST_CASE("stopping ends before the deadline when all have answered") {
  Host host{{}, 2};
  host.start();
  WsClient polite{host.port()};
  std::thread answering{[&] {
    CHECK(polite.receive().code == 1012);
    polite.send_close(1012);
  }};
  host.stop_server(kNever);
  answering.join();
  CHECK(host.server.connections() == 0);
}

TEST_CASE("a server that goes tells its connections") {
  if (over_tls()) return;
  Recorder recorder;
  {
    EchoAcceptor acceptor{recorder};
    Loops loops;
    Server server{loops, {.port = 0}};
    server.start(acceptor);
    std::thread thread{[&] { loops.run(); }};
    WsClient client{server.port()};
    HttpClient other{server.port()};
    recorder.await("accepted");
    loops.stop();
    thread.join();
    CHECK(recorder.count("closed shutting_down") == 0);
  }
  CHECK(recorder.count("closed shutting_down") == 1);
  CHECK(recorder.violations().empty());
}
