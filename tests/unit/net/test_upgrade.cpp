#include <kefu/net/upgrade.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>

namespace net = kefu::net;
namespace http = kefu::net::http;

namespace {

http::Head parse(std::string_view bytes, http::HeadKind kind) {
  http::HeadParser parser{kind};
  REQUIRE(parser.feed(bytes) == http::HeadParser::Status::complete);
  return std::move(parser).take_head();
}

/// A good request, to spoil one field at a time. An empty value leaves the field out.
struct Request {
  std::string line = "GET /chat HTTP/1.1";
  std::map<std::string, std::string> fields{
      {"Host", "server.example.com"},
      {"Upgrade", "websocket"},
      {"Connection", "keep-alive, Upgrade"},
      {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
      {"Sec-WebSocket-Protocol", "superchat, kefu.v1"},
      {"Sec-WebSocket-Version", "13"},
  };
  std::string more = {};

  Request& with(const std::string& name, const std::string& value) {
    fields[name] = value;
    return *this;
  }

  net::Upgrade answer(const net::UpgradeOptions& options = {}) const {
    std::string bytes = line + "\r\n";
    for (const auto& [name, value] : fields) {
      if (!value.empty()) bytes += name + ": " + value + "\r\n";
    }
    return net::answer_upgrade(parse(bytes + more + "\r\n", http::HeadKind::request), options);
  }

  int status(const net::UpgradeOptions& options = {}) const {
    return answer(options).response.status;
  }
};

}  // namespace

TEST_CASE("upgrade: the accept key of RFC 6455 1.3") {
  CHECK(net::accept_key("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST_CASE("upgrade: a good request is accepted") {
  const net::Upgrade upgrade = Request{}.answer();
  CHECK(upgrade.accepted());
  CHECK(upgrade.subprotocol_chosen);
  CHECK(http::write_head(upgrade.response, true) ==
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        "Sec-WebSocket-Protocol: kefu.v1\r\n\r\n");
}

TEST_CASE("upgrade: subprotocols") {
  const net::Upgrade none = Request{}.with("Sec-WebSocket-Protocol", "").answer();
  CHECK(none.accepted());
  CHECK_FALSE(none.subprotocol_chosen);
  CHECK(none.response.field("Sec-WebSocket-Protocol").empty());
  CHECK(Request{}.with("Sec-WebSocket-Protocol", "kefu.v2, other").status() == 400);
  CHECK(Request{}.with("Sec-WebSocket-Protocol", "KEFU.V1").status() == 400);
  CHECK(Request{}.with("Sec-WebSocket-Protocol", "kefu.v1x").status() == 400);
  Request two_fields;
  two_fields.with("Sec-WebSocket-Protocol", "a").more = "sec-websocket-protocol: kefu.v1\r\n";
  CHECK(two_fields.answer().subprotocol_chosen);
}

TEST_CASE("upgrade: what is refused, and how") {
  Request post;
  post.line = "POST /chat HTTP/1.1";
  CHECK(post.status() == 405);
  CHECK(post.answer().response.field("Allow") == "GET");
  Request old;
  old.line = "GET /chat HTTP/1.0";
  CHECK(old.status() == 400);
  CHECK(Request{}.with("Content-Length", "3").status() == 400);
  CHECK(Request{}.with("Content-Length", "0").status() == 101);

  CHECK(Request{}.with("Upgrade", "").status() == 426);
  CHECK(Request{}.with("Upgrade", "h2c").status() == 426);
  CHECK(Request{}.with("Upgrade", "h2c, WebSocket").status() == 101);
  CHECK(Request{}.with("Connection", "").status() == 426);
  CHECK(Request{}.with("Connection", "keep-alive").status() == 426);
  for (const char* version : {"", "8", "12", "14", "13, 8", "013"}) {
    const net::Upgrade refused = Request{}.with("Sec-WebSocket-Version", version).answer();
    CHECK(refused.response.status == 426);
    CHECK(refused.response.field("Sec-WebSocket-Version") == "13");
    CHECK(refused.response.field("Upgrade") == "websocket");
  }
  for (const char* key :
       {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQAA",
        "dGhlIHNhbXBsZSBub25j*Q==", "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25jZ-=="}) {
    CAPTURE(key);
    CHECK(Request{}.with("Sec-WebSocket-Key", key).status() == 400);
  }
  Request two_keys;
  two_keys.more = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  CHECK(two_keys.status() == 400);
}

TEST_CASE("upgrade: origins") {
  net::UpgradeOptions options;
  CHECK(Request{}.with("Origin", "https://any.example").status(options) == 101);
  options.allowed_origins = {"https://shop.example", "http://localhost:8080"};
  CHECK(Request{}.status(options) == 101);
  CHECK(Request{}.with("Origin", "https://shop.example").status(options) == 101);
  CHECK(Request{}.with("Origin", "HTTP://LocalHost:8080").status(options) == 101);
  for (const char* origin : {"https://evil.example", "https://shop.example.evil", "null",
                             "http://shop.example", "https://shop.example:444"}) {
    CHECK(Request{}.with("Origin", origin).status(options) == 403);
  }
  Request two;
  two.with("Origin", "https://shop.example").more = "origin: https://evil.example\r\n";
  CHECK(two.status(options) == 403);
}

TEST_CASE("upgrade: the client's side fits the server's, and finds what is wrong") {
  net::UpgradeRequest request;
  request.host = "localhost:1";
  request.target = "/ws?x";
  request.origin = "https://shop.example";
  request.nonce = {std::byte{1}, std::byte{2}};
  const http::Head sent = parse(net::write_upgrade_request(request), http::HeadKind::request);
  CHECK(sent.target() == "/ws?x");
  CHECK(sent.find("Origin") == "https://shop.example");
  const net::Upgrade upgrade = net::answer_upgrade(sent, {});
  REQUIRE(upgrade.accepted());

  const auto check = [&](const http::Response& response) {
    return net::check_upgrade_response(
        parse(http::write_head(response, true), http::HeadKind::response), request);
  };
  const auto changed = [&](const char* name, const char* value) {
    http::Response response = upgrade.response;
    response.set(name, value);
    return check(response);
  };
  CHECK(check(upgrade.response) == net::UpgradeError::none);
  CHECK(check(http::text_response(403)) == net::UpgradeError::refused);
  CHECK(changed("Upgrade", "other") == net::UpgradeError::bad_upgrade);
  CHECK(changed("Connection", "close") == net::UpgradeError::bad_upgrade);
  CHECK(changed("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") ==
        net::UpgradeError::bad_accept);
  CHECK(changed("Sec-WebSocket-Protocol", "kefu.v2") == net::UpgradeError::bad_subprotocol);
  CHECK(changed("Sec-WebSocket-Extensions", "permessage-deflate") ==
        net::UpgradeError::bad_extension);
}

TEST_CASE("upgrade: permessage-deflate is agreed to only where it is switched on") {
  Request request;
  request.more =
      "Sec-WebSocket-Extensions: x-unknown\r\n"
      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
  const net::Upgrade off = request.answer();
  CHECK(off.deflate == net::websocket::DeflateWindow::none);
  CHECK(off.response.field("Sec-WebSocket-Extensions") == "");

  net::UpgradeOptions options;
  options.deflate = true;
  const net::Upgrade on = request.answer(options);
  CHECK(on.accepted());
  CHECK(on.deflate == net::websocket::DeflateWindow::wide);
  CHECK(on.response.field("Sec-WebSocket-Extensions") ==
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  CHECK(Request{}.answer(options).deflate == net::websocket::DeflateWindow::none);
}
