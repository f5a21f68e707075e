#include <kefu/core/text_match.hpp>

#include <doctest/doctest.h>

namespace {

using kefu::core::TextMatch;

TEST_CASE("a text has another in it, whatever the case of plain letters") {
  CHECK(TextMatch("refund")("My REFUND!"));
  CHECK(TextMatch("REFUND")("refunded"));
  CHECK_FALSE(TextMatch("refund")("fund"));
  CHECK(TextMatch("退款")("我想退款"));
  CHECK_FALSE(TextMatch("退款")("款退"));
  CHECK_FALSE(TextMatch("Ä")("ä"));
  CHECK(TextMatch("[")("a[b"));
  CHECK_FALSE(TextMatch("[")("a{b"));
  CHECK_FALSE(TextMatch("b")(std::string_view("a\0b", 3)));
}

TEST_CASE("length counts characters") {
  CHECK(TextMatch::length("") == 0);
  CHECK(TextMatch::length("ab") == 2);
  CHECK(TextMatch::length("退款") == 2);
  CHECK(TextMatch::length("👋a") == 2);
}

}  // namespace
