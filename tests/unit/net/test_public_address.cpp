#include "net/public_address.hpp"

#include <doctest/doctest.h>

namespace {

bool is_public(const char* text) { return kefu::net::is_public(asio::ip::make_address(text)); }

TEST_CASE("addresses of the public internet are told from all others") {
  for (const char* const text :
       {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255",
        "172.32.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111",
        "2001:200::1", "2a00:1450::1", "::ffff:8.8.8.8"}) {
    CAPTURE(text);
    CHECK(is_public(text));
  }
  for (const char* const text : {"0.0.0.0",
                                 "0.1.2.3",
                                 "10.0.0.1",
                                 "100.64.0.1",
                                 "127.0.0.1",
                                 "127.9.9.9",
                                 "169.254.169.254",
                                 "172.16.0.1",
                                 "172.31.255.1",
                                 "192.0.0.1",
                                 "192.0.2.1",
                                 "192.168.1.1",
                                 "198.18.0.1",
                                 "198.19.9.9",
                                 "203.0.113.1",
                                 "224.0.0.1",
                                 "240.0.0.1",
                                 "255.255.255.255",
                                 "::",
                                 "::1",
                                 "fe80::1",
                                 "fc00::1",
                                 "fd00::1",
                                 "ff02::1",
                                 "2001:db8::1",
                                 "2001::1",
                                 "2002:7f00:1::",
                                 "64:ff9b::7f00:1",
                                 "::127.0.0.1",
                                 "::ffff:127.0.0.1",
                                 "::ffff:10.0.0.1",
                                 "::ffff:169.254.169.254",
                                 "3fff::1"}) {
    CAPTURE(text);
    CHECK(!is_public(text));
  }
}

}  // namespace
