#include "net/url.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

namespace {

TEST_CASE("parse_url") {
  using kefu::net::parse_url;
  const auto plain = parse_url("ws://shop.example:8080/chat/ws?x=1", "ws");
  CHECK(plain.host == "shop.example");
  CHECK(plain.port == "8080");
  CHECK(plain.authority == "shop.example:8080");
  CHECK(plain.target == "/chat/ws?x=1");
  CHECK_FALSE(plain.secure);

  const auto bare = parse_url("wss://shop.example", "ws");
  CHECK(bare.port == "443");
  CHECK(bare.authority == "shop.example");
  CHECK(bare.target == "/");
  CHECK(bare.secure);

  const auto v6 = parse_url("ws://[::1]:80?q", "ws");
  CHECK(v6.host == "::1");
  CHECK(v6.port == "80");
  CHECK(v6.authority == "[::1]");
  CHECK(v6.target == "/?q");

  for (const char* bad :
       {"", "ws://", "ws:///path", "ftp://host", "ws://host:", "ws://host:0", "ws://host:65536",
        "ws://host:8o", "ws://[::1", "ws://[::1]x", "ws://a b/", "ws://user@host/",
        "ws://host/#here", "ws://host/\r\nX: y", "ws://:80/"})
    CHECK_THROWS_AS((void)parse_url(bad, "ws"), std::invalid_argument);

  const auto web = parse_url("https://crm.example/hook", "http");
  CHECK(web.secure);
  CHECK(web.port == "443");
  CHECK(parse_url("http://crm.example", "http").port == "80");
  CHECK_THROWS_AS((void)parse_url("ws://crm.example", "http"), std::invalid_argument);
}

}  // namespace
