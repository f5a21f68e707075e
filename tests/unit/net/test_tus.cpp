#include "net/tus.hpp"

#include <doctest/doctest.h>

using namespace kefu::net;

TEST_CASE("metadata is pairs of a key and base64") {
  const auto metadata = tus::parse_metadata("filename d29ybGQucGRm,is_secret, type aQ==");
  REQUIRE(metadata);
  CHECK(tus::find(*metadata, "filename") == "world.pdf");
  CHECK(tus::find(*metadata, "is_secret").empty());
  CHECK(tus::find(*metadata, "type") == "i");
  CHECK(tus::find(*metadata, "other").empty());
  CHECK(tus::parse_metadata("")->empty());
  for (const char* const bad : {"a !", "a YQ==,a YQ==", ",", "a YQ=a", "a Y", "a _-==", "a ===="}) {
    CHECK_MESSAGE(!tus::parse_metadata(bad), bad);
  }
}

TEST_CASE("numbers are digits") {
  CHECK(tus::parse_number("0") == 0);
  CHECK(tus::parse_number("4294967296") == 4294967296);
  for (const char* const bad :
       {"", "-1", "+1", " 1", "1 ", "0x1", "1e3", "18446744073709551616", "9223372036854775807"}) {
    CHECK_MESSAGE(!tus::parse_number(bad), bad);
  }
}

TEST_CASE("a checksum is an algorithm and a digest") {
  const auto checksum = tus::parse_checksum("sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=");
  REQUIRE(checksum);
  CHECK(checksum->algorithm == "sha1");
  CHECK(checksum->digest.size() == 20);
  CHECK_FALSE(tus::parse_checksum("sha1"));
  CHECK_FALSE(tus::parse_checksum("sha1 ?"));
}
