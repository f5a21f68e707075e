#include <doctest/doctest.h>

#include <kefu/net/server.hpp>

#include "integration/net/host.hpp"

using namespace kefu;
using namespace kefu::net;
using namespace kefu::net::testing;
using websocket::EventKind;
using websocket::Opcode;

TEST_CASE("a message comes back, whatever its size") {
  Host host;
  host.start();
  WsClient client{host.port()};
  for (const std::size_t size :
       std::initializer_list<std::size_t>{0, 1, 125, 126, 4096, 65'535, 65'536}) {
    const std::string text(size, 'x');
    client.send(text);
    CHECK(client.receive_text() == text);
  }
  client.close();
  host.recorder.await("closed ok");
}

TEST_CASE("frames sent together are answered in order") {
  Host host;
  host.start();
  WsClient client{host.port()};
  constexpr int kCount = 5000;
  std::string together;
  for (int i = 0; i < kCount; ++i) {
    together += masked_frame(Opcode::text, true, "message " + std::to_string(i));
  }
  client.stream().write(together);
  for (int i = 0; i < kCount; ++i) {
    REQUIRE(client.receive_text() == "message " + std::to_string(i));
  }
}

TEST_CASE("a frame may come byte by byte, behind the request too") {
  Host host;
  host.start();
  WsClient client{host.port()};
  for (const char byte : masked_frame(Opcode::text, true, "slowly")) {
    client.stream().write({&byte, 1});
  }
  CHECK(client.receive_text() == "slowly");

  Stream eager{host.port()};
  eager.write(
      "GET /ws HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
      masked_frame(Opcode::text, true, "early") + masked_frame(Opcode::close, true, ""));
  CHECK(
      eager.read_all().ends_with("\x81\x05"
                                 "early\x88" +
                                 std::string(1, '\0')));
}

TEST_CASE("fragments make one message, and control frames may come between them") {
  Host host;
  host.start();
  WsClient client{host.port()};
  client.send_frame(Opcode::text, false, "one ");
  client.send_frame(Opcode::ping, true, "are you there?");
  client.send_frame(Opcode::continuation, false, "two ");
  client.send_frame(Opcode::continuation, true, "three");
  const Received pong = client.receive();
  CHECK(pong.kind == EventKind::pong);
  CHECK(pong.text == "are you there?");
  CHECK(client.receive_text() == "one two three");
}

TEST_CASE("a flood of pings holds few answers") {
  std::size_t held = 0;
  Host host;
  host.acceptor.on_message = [&](Peer& peer, std::string_view) {
    held = peer.connection().buffered();
    peer.send("done");
  };
  host.start();
  WsClient client{host.port()};
  std::string pings;
  constexpr int kCount = 100'000;
  for (int i = 0; i < kCount; ++i) {
    pings += masked_frame(Opcode::ping, true, std::to_string(i) + std::string(100, '.'));
  }
  client.stream().write(pings);
  client.send("now");
  std::string last;
  for (Received received = client.receive(); received.kind != EventKind::text;
       received = client.receive()) {
    REQUIRE(received.kind == EventKind::pong);
    last = received.text;
  }
  CHECK(held < 8 * 1024);
  if (last.starts_with(std::to_string(kCount - 1))) return;
  CHECK(client.receive().text.starts_with(std::to_string(kCount - 1)));
}

TEST_CASE("reading stops when it is paused and goes on where it was") {
  std::vector<std::string> seen;
  Peer* paused = nullptr;
  Host host;
  host.acceptor.on_message = [&](Peer& peer, std::string_view text) {
    seen.emplace_back(text);
    if (text != "stop") return;
    paused = &peer;
    peer.connection().pause_reading();
    host.recorder.note("paused");
  };
  host.start();
  WsClient client{host.port()};
  const std::string big(60'000, 'b');
  client.stream().write(masked_frame(Opcode::text, true, "stop") +
                        masked_frame(Opcode::text, true, "stop") +
                        masked_frame(Opcode::text, true, "after"));
  host.recorder.await("paused");
  for (int i = 0; i < 10; ++i) client.send(big);

  host.on_loop(0, [&] { CHECK(seen.size() == 1); });
  host.on_loop(0, [&] { paused->connection().resume_reading(); });
  host.recorder.await("paused", 2);
  host.on_loop(0, [&] { CHECK(seen.size() == 2); });
  host.on_loop(0, [&] { paused->connection().resume_reading(); });
  client.close();
  host.recorder.await("closed ok");
  REQUIRE(seen.size() == 13);
  CHECK(seen[2] == "after");
  CHECK(seen[12] == big);
}

TEST_CASE("a paused connection can be closed") {
  Host host;
  host.acceptor.on_message = [](Peer& peer, std::string_view) {
    peer.connection().pause_reading();
    peer.close(errc::slow);
  };
  host.start();
  WsClient client{host.port()};
  client.send("close me");
  client.send("not read");
  const Received received = client.receive();
  CHECK(received.kind == EventKind::close);
  CHECK(received.code == 4002);
  client.send_close(received.code);
  host.recorder.await("closed slow");
}

TEST_CASE("a slow reader gets backpressure, then all of it in order") {
  constexpr int kCount = 20'000;
  int sent = 0;
  Host host;
  const auto send_more = [&](Peer& peer) {
    while (sent < kCount) {
      const std::string text = std::to_string(sent++) + std::string(300, '.');
      if (peer.send(text) == SendStatus::backpressure) {
        host.recorder.note("backpressure");
        return;
      }
    }
  };
  host.acceptor.on_message = [&](Peer& peer, std::string_view) {
    peer.when_writable = send_more;
    send_more(peer);
  };
  host.start();
  WsClient client{host.port(), {.receive_buffer = 4096}};
  client.send("send me a lot");
  host.recorder.await("backpressure");
  host.on_loop(0, [&] { CHECK(sent < kCount); });
  for (int i = 0; i < kCount; ++i) {
    REQUIRE(client.receive_text().starts_with(std::to_string(i) + "."));
  }
  CHECK(host.recorder.count("writable") >= 1);
}

TEST_CASE("large and small frames, one after another") {
  Host host;
  const std::string large(300'000, 'l');
  host.acceptor.on_message = [&](Peer& peer, std::string_view) {
    for (int i = 0; i < 20; ++i) {
      peer.send(std::to_string(i));
      peer.send(large);
    }
  };
  host.start();
  WsClient client{host.port(), {.receive_buffer = 4096}};
  client.send("go");
  for (int i = 0; i < 20; ++i) {
    REQUIRE(client.receive_text() == std::to_string(i));
    REQUIRE(client.receive_text() == large);
  }
}

TEST_CASE("two loops share the connections, and each stays on its own") {
  Host host{{}, 2};
  std::mutex mutex;
  std::map<Executor*, int> used;
  host.acceptor.on_accept = [&](Peer& peer) {
    const std::lock_guard lock{mutex};
    ++used[&peer.connection().executor()];
    CHECK(peer.connection().peer() == "127.0.0.1");
  };
  host.start();
  std::vector<std::unique_ptr<WsClient>> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(std::make_unique<WsClient>(host.port()));
  for (int round = 0; round < 20; ++round) {
    for (auto& client : clients) client->send("round " + std::to_string(round));
    for (auto& client : clients) {
      CHECK(client->receive_text() == "round " + std::to_string(round));
    }
  }
  for (auto& client : clients) client->close();
  host.recorder.await("closed ok", 20);
  CHECK(used.size() == 2);
  for (Executor* const executor : host.loops.executors()) CHECK(used[executor] == 10);
  CHECK(host.server.connections() == 0);
}

TEST_CASE("a thousand connections come and go, and none is left") {
  constexpr std::size_t kCount = 1000;
  Host host{{}, 2};
  host.start();
  for (int round = 1; round <= 2; ++round) {
    std::vector<std::unique_ptr<WsClient>> clients;
    for (std::size_t i = 0; i < kCount; ++i) {
      clients.push_back(std::make_unique<WsClient>(host.port()));
    }
    CHECK(host.server.connections() == kCount);
    for (auto& client : clients) client->send("here");
    for (auto& client : clients) REQUIRE(client->receive_text() == "here");
    for (std::size_t i = 0; i < kCount; ++i) {
      if (i % 2 == 0) {
        clients[i]->send_close(websocket::kCloseGoingAway);
      } else {
        clients[i]->stream().reset();
      }
    }
    host.recorder.await("closed ok", kCount / 2 * static_cast<std::size_t>(round));
    host.recorder.await("closed unavailable", kCount / 2 * static_cast<std::size_t>(round));
    host.await_connections(0);
  }
}

TEST_CASE("the hub can ask how well a link does") {
  std::optional<LinkQuality> quality;
  Host host;
  host.acceptor.on_message = [&](Peer& peer, std::string_view text) {
    quality = peer.connection().quality();
    peer.send(text);
  };
  host.start();
  WsClient client{host.port()};
  for (int i = 0; i < 5; ++i) {
    client.send("hello");
    client.receive_text();
  }
#ifdef __linux__
  REQUIRE(quality);
  CHECK(quality->round_trip > Nanoseconds{});
  CHECK(quality->retransmits < 100);
#endif
}
