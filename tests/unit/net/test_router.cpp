#include <kefu/net/router.hpp>

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

using namespace kefu::net;

namespace {

http::Head head(std::string_view method, std::string_view path) {
  http::HeadParser parser{http::HeadKind::request};
  const std::string text =
      std::string{method} + " " + std::string{path} + " HTTP/1.1\r\nHost: h\r\n\r\n";
  std::string_view bytes = text;
  REQUIRE(parser.feed(bytes) == http::HeadParser::Status::complete);
  return std::move(parser).take_head();
}

http::Response answer(const Router& router, std::string_view method, std::string_view path) {
  const http::Head request = head(method, path);
  http::Response none;
  none.status = 404;
  return router.answer({request, "192.0.2.1"}).value_or(none);
}

/// Answers with a word and the parameters.
Router::Handler says(std::string word) {
  return [word = std::move(word)](const Request& request) {
    http::Response response;
    response.body = word;
    for (const auto& [name, value] : request.parameters) {
      response.body.append(" ").append(name).append("=").append(value);
    }
    return response;
  };
}

}  // namespace

TEST_CASE("router: a fixed segment goes before a parameter, and that before the rest") {
  Router router;
  router.add("GET", "/*", says("rest"));
  router.add("GET", "/files/{id}", says("file"));
  router.add("GET", "/files/new", says("new"));
  router.add("GET", "/files/{id}/parts/{part}", says("part"));
  router.add("GET", "/", says("root"));
  CHECK(answer(router, "GET", "/").body == "root");
  CHECK(answer(router, "GET", "/files/new").body == "new");
  CHECK(answer(router, "GET", "/files/7?x=y").body == "file id=7");
  CHECK(answer(router, "GET", "/files/a%20b%2Fc").body == "file id=a b/c");
  CHECK(answer(router, "GET", "/files/7/parts/2").body == "part id=7 part=2");
  CHECK(answer(router, "GET", "/files/").body == "rest *=files/");
  CHECK(answer(router, "GET", "/other/a%2Fb/c").body == "rest *=other/a%2Fb/c");
  CHECK(answer(router, "GET", "/%66iles/new").body == "new");
  CHECK(answer(router, "GET", "/files/%zz").status == 400);
}

TEST_CASE("router: methods") {
  Router router;
  router.add("GET", "/thing", says("get"));
  router.add("POST", "/thing", says("post"));
  router.add("POST", "/other", says("other"));
  CHECK(answer(router, "GET", "/thing").body == "get");
  CHECK(answer(router, "HEAD", "/thing").body == "get");
  CHECK(answer(router, "POST", "/thing").body == "post");
  CHECK(answer(router, "PUT", "/thing").status == 405);
  CHECK(answer(router, "PUT", "/thing").field("Allow") == "GET, HEAD, POST, OPTIONS");
  CHECK(answer(router, "OPTIONS", "/thing").status == 204);
  CHECK(answer(router, "HEAD", "/other").status == 405);
  CHECK(answer(router, "GET", "/nothing").status == 404);
  CHECK(router.takes_body("POST", "/thing"));
  CHECK(!router.takes_body("PUT", "/thing"));
  CHECK(!router.takes_body("GET", "/thing"));
  CHECK(!router.takes_body("POST", "/nothing"));
  router.add("GET", "/thing", says("again"));
  CHECK(answer(router, "GET", "/thing").body == "again");
}

TEST_CASE("router: an exception is 500, a bad pattern is refused") {
  Router router;
  router.add("GET", "/", [](const Request&) -> http::Response { throw std::runtime_error{"no"}; });
  CHECK(answer(router, "GET", "/").status == 500);
  CHECK_THROWS_AS(router.add("GET", "x", says("")), std::invalid_argument);
  CHECK_THROWS_AS(router.add("GET", "", says("")), std::invalid_argument);
  CHECK_THROWS_AS(router.add("GET", "/*/x", says("")), std::invalid_argument);
}

TEST_CASE("router: a request's parameters by name") {
  const http::Head request = head("GET", "/");
  const Request with{request, "", "", "", {{"id", "7"}}};
  CHECK(with.parameter("id") == "7");
  CHECK(with.parameter("other") == "");
}
