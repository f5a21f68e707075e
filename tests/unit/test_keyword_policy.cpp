#include <kefu/keyword_policy.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

#include "unit/judged.hpp"

using namespace kefu;
using namespace kefu::testing;

namespace {

std::unique_ptr<Policy> policy() {
  return keyword_policy({.keywords = {{"代开发票"},
                                      {"damn", OnKeyword::mask},
                                      {"发票", OnKeyword::mask},
                                      {"refund", OnKeyword::flag}},
                         .reason = "no",
                         .tag = "money"});
}

}  // namespace

TEST_CASE("keywords: the gravest of what was said counts") {
  const auto by = policy();
  CHECK(allowed(judged(*by, {"你好, hello"})));
  CHECK(std::get<Flag>(judged(*by, {"a Refund, please"})).tag == "money");
  CHECK(std::get<Rewrite>(judged(*by, {"DAMN, a refund"})).body == "****, a refund");
  CHECK(std::get<Deny>(judged(*by, {"damn, 代开发票"})).reason == "no");
}

TEST_CASE("keywords: a mask has an asterisk for each character") {
  const auto by = policy();
  CHECK(std::get<Rewrite>(judged(*by, {"要发票ｄａｍｎ！"})).body == "要******！");
}

TEST_CASE("keywords: everybody's messages are judged, and what is no text is not") {
  const auto by = policy();
  CHECK(denied(judged(*by, {.body = "代开发票", .role = Role::agent})));
  CHECK(allowed(judged(*by, {.body = "damn", .kind = kind::kFile})));
  CHECK(by->on_timeout() == OnTimeout::deny);
}

TEST_CASE("keywords: bad ones are refused") {
  CHECK_THROWS_AS((void)keyword_policy({{{""}}}), std::invalid_argument);
  CHECK_THROWS_AS((void)keyword_policy({{{"twice"}, {"TWICE", OnKeyword::flag}}}),
                  std::invalid_argument);
}
