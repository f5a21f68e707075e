#include <kefu/client/websocket.hpp>

#include <doctest/doctest.h>

#include <kefu/net/loops.hpp>
#include <stdexcept>

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
