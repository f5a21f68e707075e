#include <kefu/net/deflate.hpp>

#include <doctest/doctest.h>

#include <string>

#include "integration/net/client.hpp"
#include "integration/net/host.hpp"

using namespace kefu;
using namespace kefu::net;
using namespace kefu::net::testing;
using websocket::EventKind;

namespace {

constexpr std::string_view kOffer = "permessage-deflate; client_max_window_bits";

std::string deflated(std::string_view text) {
  websocket::Deflater deflater{websocket::DeflateWindow::wide};
  const auto bytes = deflater.deflate(std::as_bytes(std::span{text}));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string chat() {
  std::string text;
  for (int i = 0; i < 500; ++i) text += R"({"seq":)" + std::to_string(i) + R"(,"body":"hello"})";
  return text;
}

}  // namespace

TEST_CASE("messages are compressed for who agreed to it, both ways") {
  Host host{{.deflate = {.enabled = true}}};
  host.start();
  WsClient with{host.port(), {}, kOffer};
  WsClient narrow{host.port(), {}, "permessage-deflate; server_max_window_bits=10"};
  WsClient without{host.port()};
  const std::string text = chat();
  for (WsClient* const client : {&with, &narrow}) {
    client->send_deflated(deflated(text));
    const Received received = client->receive();
    CHECK(received.deflated);
    CHECK((received.text == text));  // too long to be printed
    client->send("short");           // not worth it, so neither is its answer
    const Received plain = client->receive();
    CHECK(!plain.deflated);
    CHECK(plain.text == "short");
  }
  without.send(text);
  const Received received = without.receive();
  CHECK(!received.deflated);
  CHECK((received.text == text));  // too long to be printed
  CHECK(host.recorder.violations().empty());
}

TEST_CASE("compression is off by default") {
  Host host;
  host.start();
  WsClient client{host.port(), {}, kOffer};
  const std::string text = chat();
  client.send(text);
  CHECK(!client.receive().deflated);
  client.send_deflated(deflated(text));
  CHECK(client.receive().code == websocket::kCloseProtocolError);
  client.stream().end_writing();
  host.recorder.await("closed bad_frame");
}

TEST_CASE("a bomb, a bad stream and bad text close the connection that sent them") {
  struct Case {
    std::string payload;
    std::uint16_t code;
    std::string closed;
  };
  const Case cases[] = {
      {deflated(std::string(60'000, 'x')), websocket::kCloseTooBig, "closed too_large"},
      {deflated(std::string(70'000, 'x')), websocket::kCloseTooBig, "closed too_large"},
      {"\xff\xff\xff", websocket::kCloseInvalidData, "closed bad_frame"},
      {deflated(std::string(500, 'x') + "\xed\xa0\x80"), websocket::kCloseInvalidData,
       "closed bad_frame"},
  };
  for (const Case& each : cases) {
    Host host{{.deflate = {.enabled = true, .max_ratio = 100}}};
    host.start();
    WsClient other{host.port(), {}, kOffer};
    WsClient client{host.port(), {}, kOffer};
    client.send_deflated(each.payload);
    const Received received = client.receive();
    CHECK(received.kind == EventKind::close);
    CHECK(received.code == each.code);
    client.stream().end_writing();
    host.recorder.await(each.closed);
    other.send("still here");
    CHECK(other.receive_text() == "still here");
  }
}
