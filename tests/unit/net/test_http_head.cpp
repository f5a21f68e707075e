#include <kefu/net/http_head.hpp>

#include <doctest/doctest.h>

#include <string>

namespace http = kefu::net::http;
using http::HeadError;
using http::HeadKind;
using http::HeadParser;

namespace {

struct Outcome {
  HeadParser::Status status;
  HeadError error;
  std::size_t used;
};

Outcome feed_in_pieces(HeadParser& parser, std::string_view bytes, std::size_t size) {
  HeadParser::Status status = HeadParser::Status::need_more;
  std::size_t used = 0;
  while (status == HeadParser::Status::need_more && used < bytes.size()) {
    const std::string piece{bytes.substr(used, size)};  // it goes away: the parser must copy
    std::string_view input = piece;
    status = parser.feed(input);
    used += piece.size() - input.size();
  }
  return {status, parser.error(), used};
}

/// Parses in pieces of each size; all must end alike. Returns the parser that was fed whole.
HeadParser parse(std::string_view bytes, HeadKind kind = HeadKind::request,
                 http::HeadLimits limits = {}) {
  HeadParser whole{kind, limits};
  const Outcome expected = feed_in_pieces(whole, bytes, bytes.size());
  for (std::size_t size = 1; size < 8; ++size) {
    HeadParser parser{kind, limits};
    const Outcome outcome = feed_in_pieces(parser, bytes, size);
    CHECK(outcome.status == expected.status);
    CHECK(outcome.error == expected.error);
    if (expected.status == HeadParser::Status::complete) CHECK(outcome.used == expected.used);
  }
  return whole;
}

HeadError error_of(std::string_view bytes, HeadKind kind = HeadKind::request,
                   http::HeadLimits limits = {}) {
  return parse(bytes, kind, limits).error();
}

std::string request(std::string_view line, std::string_view fields = "Host: h\r\n") {
  return std::string{line}.append("\r\n").append(fields).append("\r\n");
}

}  // namespace

TEST_CASE("http head: a request") {
  const HeadParser parser = parse(
      "GET /a%20b/c?x=1&y HTTP/1.1\r\nHost: example.org\r\nX-Empty:\r\nx-list:  one ,Two\t\r\n"
      "X-List: three\r\n\r\n");
  REQUIRE(parser.error() == HeadError::none);
  const http::Head& head = parser.head();
  CHECK(head.method() == "GET");
  CHECK(head.target() == "/a%20b/c?x=1&y");
  CHECK(head.path() == "/a%20b/c");
  CHECK(head.query() == "x=1&y");
  CHECK(head.minor_version() == 1);
  CHECK(head.status() == 0);
  CHECK(head.keep_alive());
  CHECK_FALSE(head.chunked());
  CHECK_FALSE(head.content_length());
  CHECK(head.find("hOST") == "example.org");
  CHECK(head.find("x-empty") == "");
  CHECK(head.find("X-List") == "one ,Two");
  CHECK_FALSE(head.find("X-Lis"));
  CHECK(head.count("x-list") == 2);
  CHECK(head.has_item("X-LIST", "two"));
  CHECK(head.has_item("X-List", "THREE"));
  CHECK_FALSE(head.has_item("X-List", "tw"));
  CHECK(head.field_count() == 4);
  CHECK(head.field_name(2) == "x-list");
  CHECK(head.field_value(3) == "three");
}

TEST_CASE("http head: what follows the head stays") {
  HeadParser parser{HeadKind::request};
  std::string_view input = "\r\nPOST /f HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nbodyGET";
  REQUIRE(parser.feed(input) == HeadParser::Status::complete);
  CHECK(input == "bodyGET");
  CHECK(parser.head().method() == "POST");
  CHECK(parser.head().content_length() == 4);
  parser.reset();
  input = "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  REQUIRE(parser.feed(input) == HeadParser::Status::complete);
  CHECK(parser.head().chunked());
  CHECK(parser.head().method() == "PUT");
  const http::Head taken = std::move(parser).take_head();
  CHECK(taken.path() == "/");
}

TEST_CASE("http head: an upgrade request is a head like any other") {
  HeadParser parser{HeadKind::request};
  std::string_view input =
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: "
      "websocket\r\n\r\n\x81\x85";
  REQUIRE(parser.feed(input) == HeadParser::Status::complete);
  CHECK(input == "\x81\x85");
  CHECK(parser.head().has_item("connection", "upgrade"));
}

TEST_CASE("http head: keep-alive follows version and Connection") {
  CHECK(parse(request("GET / HTTP/1.1")).head().keep_alive());
  CHECK_FALSE(
      parse(request("GET / HTTP/1.1", "Host: h\r\nConnection: close\r\n")).head().keep_alive());
  CHECK_FALSE(parse(request("GET / HTTP/1.0", "")).head().keep_alive());
  CHECK(parse(request("GET / HTTP/1.0", "Connection: keep-alive\r\n")).head().keep_alive());
  CHECK(parse(request("GET / HTTP/1.0", "")).head().minor_version() == 0);
}

TEST_CASE("http head: forms of the target") {
  const HeadParser absolute = parse(request("GET http://h:1/p?q HTTP/1.1"));
  CHECK(absolute.head().path() == "/p");
  CHECK(absolute.head().query() == "q");
  CHECK(parse(request("OPTIONS * HTTP/1.1")).head().path() == "*");
  CHECK(parse(request("GET /? HTTP/1.1")).head().query().empty());
  CHECK(parse(request("GET //x HTTP/1.1")).head().path() == "//x");
  CHECK(error_of(request("GET * HTTP/1.1")) != HeadError::none);
  CHECK(error_of(request("GET http://h HTTP/1.1")) == HeadError::bad_target);
  CHECK(error_of(request("GET /a#b HTTP/1.1")) == HeadError::bad_target);
  CHECK(error_of(request("GET path HTTP/1.1")) != HeadError::none);
  CHECK(error_of(request("CONNECT h:443 HTTP/1.1")) == HeadError::bad_target);
  CHECK(error_of(request("GET /\xe5\xae\xa2 HTTP/1.1")) != HeadError::none);
}

TEST_CASE("http head: line ends are CR LF and nothing else") {
  CHECK(error_of("GET / HTTP/1.1\nHost: h\r\n\r\n") == HeadError::bad_line_end);
  CHECK(error_of("GET / HTTP/1.1\r\nHost: h\n\r\n") == HeadError::bad_line_end);
  CHECK(error_of("GET / HTTP/1.1\r\nHost: h\r\n\n") == HeadError::bad_line_end);
  CHECK(error_of("GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n") == HeadError::bad_line_end);
  CHECK(error_of("\nGET / HTTP/1.1\r\nHost: h\r\n\r\n") == HeadError::bad_line_end);
  CHECK(error_of("GET / HTTP/1.1\r\r\nHost: h\r\n\r\n") == HeadError::bad_line_end);
}

TEST_CASE("http head: bad start lines") {
  for (const char* line : {"GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET /", "GET",
                           "G@T\x01 / HTTP/1.1", "GET / HTTQ/1.1", "GET /a b HTTP/1.1",
                           "GET\t/ HTTP/1.1", "GET / http/1.1"}) {
    CAPTURE(line);
    CHECK(error_of(request(line)) == HeadError::bad_start_line);
  }
  CHECK(error_of(request("NOSUCH / HTTP/1.1")) == HeadError::malformed);
  CHECK(error_of(request("GET / HTTP/2.0")) == HeadError::bad_version);
  CHECK(error_of(request("GET / HTTP/1.10")) == HeadError::bad_version);
  CHECK(error_of(request("GET / HTTP/0.9")) == HeadError::bad_version);
}

TEST_CASE("http head: bad fields") {
  using namespace std::string_literals;
  for (const std::string& field :
       {"Transfer-Encoding : chunked"s, "X : y"s, " X: y"s, "X"s, ": y"s, "X\t: y"s, "X(: y"s,
        "X: a\0b"s, "X: a\x7f"s, "X: a\x01"s, "X: y\r\n folded"s, "X: y\r\n\tfolded"s}) {
    CAPTURE(field);
    CHECK(error_of(request("GET / HTTP/1.1", "Host: h\r\n" + field + "\r\n")) ==
          HeadError::bad_field);
  }
  CHECK(error_of(request("GET / HTTP/1.1", "Host: h\r\nX: \xe5\xae\xa2\r\n")) == HeadError::none);
}

TEST_CASE("http head: nothing that could be read as two lengths") {
  for (const char* fields :
       {"Content-Length: 1\r\nContent-Length: 2\r\n", "Content-Length: 1\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 1,1\r\n",
        "Content-Length: -1\r\n", "Content-Length: +1\r\n", "Content-Length: 0x1\r\n",
        "Content-Length: 99999999999999999999999\r\n", "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked, identity\r\n", "Transfer-Encoding: xchunked\r\n"}) {
    CAPTURE(fields);
    CHECK(error_of(request("POST / HTTP/1.1", std::string{"Host: h\r\n"} + fields)) ==
          HeadError::malformed);
  }
}

TEST_CASE("http head: Host") {
  CHECK(error_of(request("GET / HTTP/1.1", "")) == HeadError::bad_host);
  CHECK(error_of(request("GET / HTTP/1.1", "Host: a\r\nhost: b\r\n")) == HeadError::bad_host);
  CHECK(error_of(request("GET / HTTP/1.0", "Host: a\r\nhost: b\r\n")) == HeadError::bad_host);
}

TEST_CASE("http head: limits") {
  http::HeadLimits limits;
  const std::string small = request("GET / HTTP/1.1");
  limits.max_bytes = static_cast<std::uint16_t>(small.size());
  CHECK(error_of(small, HeadKind::request, limits) == HeadError::none);
  --limits.max_bytes;
  CHECK(error_of(small, HeadKind::request, limits) == HeadError::too_large);
  CHECK(error_of("GET /" + std::string(9000, 'a')) == HeadError::too_large);
  CHECK(error_of(std::string(9000, '\r')) == HeadError::bad_line_end);
  std::string blank;
  for (int i = 0; i < 5000; ++i) blank += "\r\n";
  CHECK(error_of(blank) == HeadError::too_large);
  limits = {};
  limits.max_bytes = 65535;
  CHECK(error_of(request("GET /" + std::string(60000, 'a') + " HTTP/1.1"), HeadKind::request,
                 limits) == HeadError::none);
  limits.max_fields = 2;
  CHECK(error_of(request("GET / HTTP/1.1", "Host: h\r\nA: 1\r\n"), HeadKind::request, limits) ==
        HeadError::none);
  CHECK(error_of(request("GET / HTTP/1.1", "Host: h\r\nA: 1\r\nB: 2\r\n"), HeadKind::request,
                 limits) == HeadError::too_many_fields);
}

TEST_CASE("http head: a response") {
  const HeadParser parser =
      parse("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            HeadKind::response);
  REQUIRE(parser.error() == HeadError::none);
  CHECK(parser.head().status() == 101);
  CHECK(parser.head().method().empty());
  CHECK(parser.head().has_item("Upgrade", "websocket"));
  const HeadParser ok = parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", HeadKind::response);
  CHECK(ok.head().status() == 200);
  CHECK(ok.head().content_length() == 5);
  CHECK(error_of("HTTP/1.1 abc\r\n\r\n", HeadKind::response) == HeadError::malformed);
  CHECK(error_of("ICY 200 OK\r\n\r\n", HeadKind::response) == HeadError::bad_start_line);
  CHECK(error_of("HTTP/2.0 200 OK\r\n\r\n", HeadKind::response) == HeadError::bad_version);
}

TEST_CASE("http head: every error has a status and words") {
  for (int i = 1; i <= static_cast<int>(HeadError::malformed); ++i) {
    const auto error = static_cast<HeadError>(i);
    CHECK(http::to_string(error) != "unknown");
    const int status = http::status_for(error);
    CHECK((status == 400 || status == 431 || status == 505));
  }
}
