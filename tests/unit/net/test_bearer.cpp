#include <kefu/net/bearer.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace {

namespace http = kefu::net::http;

std::string token_in(const std::string& fields) {
  http::HeadParser parser{http::HeadKind::request};
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
  std::string_view bytes = text;
  REQUIRE(parser.feed(bytes) == http::HeadParser::Status::complete);
  return kefu::net::bearer_of(std::move(parser).take_head());
}

TEST_CASE("the token of a request is what its Authorization says after Bearer") {
  CHECK(token_in("Authorization: Bearer abc.d-e_f\r\n") == "abc.d-e_f");
  CHECK(token_in("authorization: bEARER   abc  \r\n") == "abc");
  CHECK(token_in("Authorization: Bearer a b\r\n") == "a b");
}

TEST_CASE("without one it is empty") {
  CHECK(token_in("").empty());
  CHECK(token_in("Authorization: Bearer\r\n").empty());
  CHECK(token_in("Authorization: Bearer \r\n").empty());
  CHECK(token_in("Authorization: Basic abc\r\n").empty());
  CHECK(token_in("Authorization: Bearerabc\r\n").empty());
}

}  // namespace
