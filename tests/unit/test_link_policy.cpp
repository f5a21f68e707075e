#include <kefu/link_policy.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

#include "unit/judged.hpp"

using namespace kefu;
using namespace kefu::testing;

namespace {

std::unique_ptr<Policy> policy(OnLink then = OnLink::deny) {
  return link_policy({.allowed = {"Shop.example", "pay.test"}, .then = then});
}

}  // namespace

TEST_CASE("links: what leads to an allowed domain, or is no link, is allowed") {
  const auto by = policy();
  for (const char* body :
       {"hello", "3.5: ok", "a://", "see evil.test", "https://shop.example",
        "HTTPS://SHOP.EXAMPLE/x", "www.shop.example", "http://a.b.shop.example:8080/?q=1#x",
        "(https://shop.example).", "看https://shop.example，谢谢", "“https://shop.example”",
        "https://shop.example。", "https://user:word@shop.example/",
        "ftp://ＳＨＯＰ．ｅｘａｍｐｌｅ/", "https://shop.example./x",
        "https://shop.example https://pay.test", "awww.evil", ""}) {
    CAPTURE(body);
    CHECK(allowed(judged(*by, {body})));
  }
}

TEST_CASE("links: what leads elsewhere, or may, is not") {
  const auto by = policy();
  for (const char* body : {"https://evil.test",
                           "www.evil.test",
                           "WWW.Evil.test",
                           "ｈｔｔｐ：／／evil.test",
                           "https://shop.example.evil.test",
                           "https://notshop.example",
                           "https://example",
                           "https://shop.example@evil.test",
                           "https://shop.example:x@evil.test/",
                           "https://shop.example／@evil.test",
                           "https://shop.example?evil www.evil.test",
                           "https://evil.test\\shop.example",
                           "https://evil.test＠shop.example",
                           "https://shop.example。evil.test",
                           "https://shop.example，x.evil.test",
                           "https://shop.example_x.evil.test",
                           "https://shop.example,x.evil.test",
                           "https://shop.example\u200b.evil.test",
                           "https://shop.example\u2024evil.test",
                           "https://shop.example很好.com",
                           "https://[2001:db8::1]/",
                           "https://192.0.2.1/",
                           "https://3221225985",
                           "https://evil%2etest",
                           "https://shop.example\"@evil.test",
                           "https://shop.example/ https://evil.test"}) {
    CAPTURE(body);
    CHECK(denied(judged(*by, {body})));
  }
  const std::string padding(256 - std::string("shop.example").size() - 1, 'a');
  CHECK(allowed(judged(*by, {"https://" + padding + ".shop.example"})));
  CHECK(denied(judged(*by, {"https://" + padding + ".shop.example.evil.test"})));
}

TEST_CASE("links: they are denied or flagged, and staff may send any") {
  CHECK(std::get<Flag>(judged(*policy(OnLink::flag), {"www.evil.test"})).tag == "link");
  const auto by = policy();
  CHECK(allowed(judged(*by, {.body = "www.evil.test", .role = Role::agent})));
  CHECK(allowed(judged(*by, {.body = "www.evil.test", .kind = kind::kFile})));
  CHECK(by->on_timeout() == OnTimeout::deny);
}

TEST_CASE("links: what is no domain is refused") {
  for (const char* domain :
       {"", ".", "https://shop.example", "*.shop.example", "shop.example:80", "shop..example",
        ".example", "example.", "-a.example", "192.0.2.1", "shop example", "店.example"}) {
    CAPTURE(domain);
    CHECK_THROWS_AS((void)link_policy({{domain}}), std::invalid_argument);
  }
  CHECK_NOTHROW((void)link_policy({{"xn--fiq228c.example", "localhost"}}));
  CHECK_NOTHROW((void)link_policy({}));
}
