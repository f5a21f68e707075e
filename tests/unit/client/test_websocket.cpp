#include <kefu/client/websocket.hpp>

#include <doctest/doctest.h>

#include <kefu/net/loops.hpp>
#include <stdexcept>

#include "client/url.hpp"

TEST_CASE("WebSocket refuses a URL that it can't use") {
  kefu::net::Loops loops;
  CHECK_THROWS_AS((kefu::client::WebSocket{loops, {.url = "http://host/ws"}}),
                  std::invalid_argument);
  CHECK_THROWS_AS((kefu::client::WebSocket{loops, {.url = "wss://host/ws"}}),
                  std::invalid_argument);
  kefu::client::WebSocket link{loops, {.url = "ws://host/ws"}};
  CHECK(&link.executor() == loops.executors()[0]);
  link.close();  // nothing to close
}

TEST_CASE("parse_url") {
  using kefu::client::parse_url;
  const auto plain = parse_url("ws://shop.example:8080/chat/ws?x=1");
  CHECK(plain.host == "shop.example");
  CHECK(plain.port == "8080");
  CHECK(plain.authority == "shop.example:8080");
  CHECK(plain.target == "/chat/ws?x=1");
  CHECK_FALSE(plain.secure);

  const auto bare = parse_url("wss://shop.example");
  CHECK(bare.port == "443");
  CHECK(bare.authority == "shop.example");
  CHECK(bare.target == "/");
  CHECK(bare.secure);

  const auto v6 = parse_url("ws://[::1]:80?q");
  CHECK(v6.host == "::1");
  CHECK(v6.port == "80");
  CHECK(v6.authority == "[::1]");
  CHECK(v6.target == "/?q");

  for (const char* bad :
       {"", "ws://", "ws:///path", "ftp://host", "ws://host:", "ws://host:0", "ws://host:65536",
        "ws://host:8o", "ws://[::1", "ws://[::1]x", "ws://a b/", "ws://user@host/",
        "ws://host/#here", "ws://host/\r\nX: y", "ws://:80/"})
    CHECK_THROWS_AS((void)parse_url(bad), std::invalid_argument);
}
