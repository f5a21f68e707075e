// The opening handshake of RFC 6455, both sides, without I/O.
#pragma once

#include <kefu/net/deflate.hpp>
#include <kefu/net/http.hpp>
#include <kefu/net/http_head.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::net {

/// Which handshakes a server accepts.
struct UpgradeOptions {
  /// The subprotocol we speak. A client that offers others but not this one is refused (400); one
  /// that offers none is accepted without.
  std::string subprotocol = "kefu.v1";
  /// Origins ("https://shop.example") whose pages may connect; empty: any. Only browsers send
  /// Origin, and it protects only their users: a request without one is accepted.
  std::vector<std::string> allowed_origins = {};
  bool deflate = false;  ///< agree to permessage-deflate
};

/// What a server answers to a handshake.
struct Upgrade {
  http::Response response;  ///< status 101, or why not
  bool subprotocol_chosen = false;
  websocket::DeflateWindow deflate = websocket::DeflateWindow::none;

  /// It is a WebSocket from here on.
  [[nodiscard]] bool accepted() const noexcept { return response.status == 101; }
};

/// Server: answers a request for a WebSocket. After a refusal the connection stays plain HTTP.
Upgrade answer_upgrade(const http::Head& request, const UpgradeOptions& options);

/// Whether a page of the request's Origin may connect: one of `allowed`, any when that is empty.
bool is_allowed_origin(const http::Head& request, const std::vector<std::string>& allowed);

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
std::string accept_key(std::string_view key);

/// Client: what a request is made from.
struct UpgradeRequest {
  std::string host;  ///< as in the URL, with a port that isn't the default
  std::string target = "/";
  std::string origin = {};  ///< not sent when empty
  std::string subprotocol = "kefu.v1";
  std::array<std::byte, 16> nonce{};  ///< random, fresh for each connection
};

/// The head that a client sends.
std::string write_upgrade_request(const UpgradeRequest& request);

/// What is wrong with the answer to a handshake.
enum class UpgradeError : std::uint8_t {
  none,
  refused,          ///< the status isn't 101: read it from the head
  bad_upgrade,      ///< Upgrade or Connection is wrong
  bad_accept,       ///< Sec-WebSocket-Accept doesn't fit the nonce
  bad_subprotocol,  ///< another subprotocol than the offered one
  bad_extension,    ///< an extension that wasn't offered
};

/// Client: judges the server's answer to `request`.
UpgradeError check_upgrade_response(const http::Head& response, const UpgradeRequest& request);

}  // namespace kefu::inline v0::net
