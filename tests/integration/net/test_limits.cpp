// What an address, and all connections together, may cost.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "integration/net/client.hpp"
#include "integration/net/host.hpp"

using namespace kefu;
using namespace kefu::net;
using namespace kefu::net::testing;

namespace {

std::string upgrade_for(std::string_view client) {
  return "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
         "X-Forwarded-For: " +
         std::string{client} + "\r\n\r\n";
}

}  // namespace

TEST_CASE("an address has a bounded number of connections, behind a proxy too") {
  ServerOptions options;
  options.max_connections_per_address = 3;
  options.trusted_proxies = {"127.0.0.1"};
  options.forwarded = ForwardedField::x_forwarded_for;
  Host host{options};
  host.start();
  const auto status_for = [&](HttpClient& client, std::string_view address) {
    client.send(upgrade_for(address));
    return client.receive(false).head.status();
  };
  std::vector<std::unique_ptr<HttpClient>> open;
  for (int i = 0; i < 3; ++i) {
    open.push_back(std::make_unique<HttpClient>(host.port()));
    CHECK(status_for(*open.back(), "2001:db8::" + std::to_string(i)) == 101);  // one network
  }
  HttpClient fourth{host.port()};
  CHECK(status_for(fourth, "2001:db8::ffff") == 429);
  HttpClient other{host.port()};
  CHECK(status_for(other, "2001:db8:0:1::1") == 101);
  open.front()->stream().reset();
  host.await_connections(3);
  HttpClient again{host.port()};
  CHECK(status_for(again, "2001:db8::9") == 101);
}

TEST_CASE("loopback is not counted") {
  ServerOptions options;
  options.max_connections_per_address = 1;
  Host host{options};
  host.start();
  WsClient one{host.port()}, two{host.port()};
  two.send("x");
  CHECK(two.receive_text() == "x");
}

TEST_CASE("readers that don't read stop at the bound for all, and others are served") {
  ServerOptions options;
  options.max_buffered = 1024 * 1024;
  options.send_queue = 512 * 1024;
  Host host{options};
  std::size_t most = 0;
  std::size_t pressed = 0;
  std::vector<Connection*> stalled;
  host.acceptor.on_message = [&](Peer& peer, std::string_view text) {
    if (text != "firehose") {
      peer.send(text);
      return;
    }
    // A sender that heeds backpressure, as the hub does.
    Connection& connection = peer.connection();
    stalled.push_back(&connection);
    FramePool frames;
    const std::string payload(16 * 1024, 'x');
    while (connection.send(frames.copy(payload)) == SendStatus::accepted) {
    }
    ++pressed;
    most = 0;
    for (Connection* const each : stalled) most += each->buffered();
  };
  host.start();
  constexpr int kReaders = 20;
  std::vector<std::unique_ptr<WsClient>> readers;
  Stream::Options small;
  small.receive_buffer = 4096;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(std::make_unique<WsClient>(host.port(), small));
    readers.back()->send("firehose");
  }
  WsClient other{host.port()};
  other.send("still served");
  CHECK(other.receive_text() == "still served");
  host.on_loop(0, [&] {
    CHECK(pressed == kReaders);
    CHECK(most <= options.max_buffered);
    CHECK(most > options.max_buffered / 4);
    MESSAGE(most, " bytes buffered for ", kReaders, " readers, bound ", options.max_buffered);
    stalled.clear();
  });
}
