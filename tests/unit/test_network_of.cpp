#include "network_of.hpp"

#include <doctest/doctest.h>

using kefu::network_of;

TEST_CASE("an IPv4 address stands for itself, an IPv6 one for its network") {
  CHECK(network_of("192.0.2.7") == "192.0.2.7");
  CHECK(network_of("::ffff:192.0.2.7") == "192.0.2.7");
  CHECK(network_of("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2:");
  CHECK(network_of("2001:db8:1:2::9") == network_of("2001:db8:1:2:ffff::1"));
  CHECK(network_of("2001:db8::1") == "2001:db8:0:0:");
  CHECK(network_of("2001:db8::1:2:3:4:5") == "2001:db8:0:1:");
  CHECK(network_of("::1") == "");
  CHECK(network_of("127.0.0.77") == "");
  CHECK(network_of("::ffff:127.0.0.1") == "");
  CHECK(network_of("::2") == "0:0:0:0:");
  CHECK(network_of("::") == "0:0:0:0:");
  CHECK(network_of("64:ff9b::192.0.2.7") == "64:ff9b:0:0:");
  CHECK(network_of("") == "");
}
