#include <kefu/net/http.hpp>

#include <doctest/doctest.h>

#include <string>

namespace http = kefu::net::http;

TEST_CASE("http: a response head") {
  http::Response response = http::text_response(404, "no such thing");
  CHECK(http::write_head(response, true) ==
        "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Length: 14\r\n\r\n");
  CHECK(response.body == "no such thing\n");
  CHECK(http::text_response(503).body == "Service Unavailable\n");
  CHECK(http::write_head(response, false).find("\r\nConnection: close\r\n") != std::string::npos);
}

TEST_CASE("http: a status without a body has no Content-Length") {
  for (const int status : {101, 204, 304}) {
    http::Response response;
    response.status = status;
    CHECK(http::write_head(response, true).find("Content-Length") == std::string::npos);
  }
  CHECK(http::write_head({}, true) == "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

TEST_CASE("http: fields are set once, whatever their case, and can't begin another line") {
  http::Response response;
  response.set("ETag", "1").set("etag", "2");
  CHECK(response.fields.size() == 1);
  CHECK(response.field("ETAG") == "2");
  CHECK(response.field("none").empty());
  response.set("X-Name", "a\r\nSet-Cookie: b\nc");
  CHECK(http::write_head(response, true).find("X-Name: a  Set-Cookie: b c\r\n") !=
        std::string::npos);
}

TEST_CASE("http: a request head") {
  CHECK(http::write_request_head("GET", "/a?b", {{"Host", "h"}, {"X", "y\r\nz"}}) ==
        "GET /a?b HTTP/1.1\r\nHost: h\r\nX: y  z\r\n\r\n");
}

TEST_CASE("http: percent-decoding") {
  using namespace std::string_literals;
  CHECK(http::percent_decode("") == ""s);
  CHECK(http::percent_decode("a+b") == "a+b"s);
  CHECK(http::percent_decode("%E5%ae%A2%00%2f") == "\xe5\xae\xa2\0/"s);
  for (const char* bad : {"%", "%1", "a%", "%zz", "%1g", "%%41", "% 1"}) {
    CHECK_FALSE(http::percent_decode(bad));
  }
}

TEST_CASE("http: query parameters") {
  using namespace std::string_literals;
  const std::string_view query = "a=1&b=x+y%26z&c&%64=4&a=2&bad=%zz&e=f=g";
  CHECK(http::query_parameter(query, "a") == "1"s);
  CHECK(http::query_parameter(query, "b") == "x y&z"s);
  CHECK(http::query_parameter(query, "c") == ""s);
  CHECK(http::query_parameter(query, "d") == "4"s);
  CHECK(http::query_parameter(query, "e") == "f=g"s);
  CHECK_FALSE(http::query_parameter(query, "bad"));
  CHECK_FALSE(http::query_parameter(query, "g"));
  CHECK_FALSE(http::query_parameter("", "a"));
}
