// What both tests of overload are written with.
#pragma once

#include <kefu/auth.hpp>

#include <stdexcept>
#include <string>
#include <string_view>

#include "integration/net/client.hpp"

namespace kefu::test {

inline void require(bool holds, const std::string& what) {
  if (!holds) throw std::runtime_error(what);
}

/// A token is "<role> <id>".
class PlainTokens final : public Authenticator {
 public:
  void authenticate(std::string_view token, const Caller&,
                    Completion<result<Identity>> done) override {
    const std::size_t space = token.find(' ');
    const auto role = role_from_name(token.substr(0, space));
    if (!role || space == std::string_view::npos) return done(errc::unauthenticated);
    done(Identity{{std::string{token.substr(space + 1)}, *role},
                  SystemClock().now() + std::chrono::hours{1}});
  }
};

inline void hello(net::testing::WsClient& client, const std::string& token) {
  client.send(R"({"type":"hello","epoch":1,"token":")" + token + "\"}");
}

/// The next frame that holds a text.
inline std::string await(net::testing::WsClient& client, const std::string& wanted) {
  for (;;) {
    const net::testing::Received received = client.receive();
    require(received.kind != net::websocket::EventKind::close &&
                received.kind != net::websocket::EventKind::need_more,
            "closed while waiting for " + wanted + ": " + received.text);
    if (received.text.find(wanted) != std::string::npos) return received.text;
  }
}

}  // namespace kefu::test
