#include "address.hpp"

#include <doctest/doctest.h>

namespace {

using namespace kefu;

bool covers(std::string_view range, std::string_view address) {
  return parse_range(range).value().covers(parse_address(address).value());
}

TEST_CASE("a range covers the addresses that begin like it") {
  CHECK(covers("203.0.113.7", "203.0.113.7"));
  CHECK_FALSE(covers("203.0.113.7", "203.0.113.8"));
  CHECK(covers("203.0.113.0/24", "203.0.113.255"));
  CHECK_FALSE(covers("203.0.113.0/24", "203.0.114.0"));
  CHECK(covers("203.0.113.128/25", "203.0.113.200"));
  CHECK_FALSE(covers("203.0.113.128/25", "203.0.113.100"));
  CHECK(covers("203.0.113.7", "::ffff:203.0.113.7"));
  CHECK(covers("2001:db8::/33", "2001:db8:7fff::1"));
  CHECK_FALSE(covers("2001:db8::/33", "2001:db8:8000::1"));
  CHECK(covers("0.0.0.0/0", "198.51.100.1"));
  CHECK_FALSE(covers("0.0.0.0/0", "2001:db8::1"));
  CHECK(covers("::/0", "198.51.100.1"));
}

TEST_CASE("what is no range") {
  for (const char* text : {"", "x", "203.0.113", "203.0.113.0/33", "203.0.113.0/", "203.0.113.0/2x",
                           "203.0.113.0/-1", "2001:db8::/129", "/24"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_range(text));
  }
}

TEST_CASE("a range has one form") {
  const auto form = [](std::string_view text) { return parse_range(text).value().to_string(); };
  CHECK(form("203.0.113.7") == "203.0.113.7");
  CHECK(form("203.0.113.7/32") == "203.0.113.7");
  CHECK(form("203.0.113.7/24") == "203.0.113.0/24");
  CHECK(form("::ffff:203.0.113.7") == "203.0.113.7");
  CHECK(form("2001:DB8:0::1/128") == "2001:db8::1");
  CHECK(form("2001:db8::1/47") == "2001:db8::/47");
  CHECK(form("0.0.0.0/0") == "0.0.0.0/0");
}

}  // namespace
