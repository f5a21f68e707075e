#include "nats/address.hpp"

#include <doctest/doctest.h>

#include <set>
#include <stdexcept>
#include <string>

namespace {

using namespace kefu::nats;

TEST_CASE("nats address: what a list of URLs says") {
  const auto all = addresses_of("nats://a, tls://eve:p@ss@b.example:4333/,nats://[::1]:1");
  REQUIRE_EQ(all.size(), 3);
  CHECK_EQ(all[0].url, "nats://a");
  CHECK_EQ(all[0].host, "a");
  CHECK_FALSE(all[0].tls);
  CHECK_EQ(all[1].host, "b.example");
  CHECK_EQ(all[1].name, "b.example:4333");
  CHECK(all[1].tls);
  CHECK_EQ(all[2].host, "::1");
}

TEST_CASE("nats address: what is no URL, and no secret in the complaint") {
  for (const char* urls :
       {"", "a", "http://a", "nats://", "nats://:4222", "nats://a:", "nats://a:x", "nats://a,",
        "nats://[::1", "nats://a:123456", "nats://secret@"}) {
    CAPTURE(urls);
    CHECK_THROWS_AS(static_cast<void>(addresses_of(urls)), std::invalid_argument);
  }
  try {
    static_cast<void>(addresses_of("nats://secret@a:b"));
  } catch (const std::invalid_argument& error) {
    CHECK_EQ(std::string(error.what()).find("secret"), std::string::npos);
  }
}

TEST_CASE("nats address: each topic has a subject of its own, without wildcards or empty tokens") {
  CHECK_EQ(subject_of("", "kefu.tails"), "kefu.tails");
  CHECK_EQ(subject_of("shop.eu", "kefu.tails"), "shop.eu.kefu.tails");
  std::set<std::string> subjects;
  const std::string topics[] = {"",      "%",
                                ".",     "..",
                                "a.",    ".a",
                                "a..b",  "a.b",
                                "a%2Eb", "*",
                                ">",     "a.*",
                                "a.>",   "a b",
                                "a\tb",  "\r\n",
                                "A",     "a",
                                "ä",     "%2A",
                                "a.%3E", std::string(1, '\0')};
  for (const std::string& topic : topics) {
    const std::string subject = subject_of("x", topic).value();
    CAPTURE(subject);
    CHECK(subjects.insert(subject).second);
    CHECK_EQ(subject.find_first_of("*> \t\r\n"), std::string::npos);
    CHECK_EQ(subject.find(".."), std::string::npos);
    CHECK_NE(subject.back(), '.');
  }
}

TEST_CASE("nats address: bounds") {
  CHECK(subject_of("", std::string(1024, 'a')));
  CHECK_FALSE(subject_of("", std::string(1025, 'a')));
  CHECK_FALSE(subject_of("", std::string(342, '*')));
  for (const char* good : {"", "a", "a.b-c_9"}) CHECK(is_prefix(good));
  for (const char* bad : {".", "a.", ".a", "a..b", "a*", ">", "a b"}) CHECK_FALSE(is_prefix(bad));
  CHECK_FALSE(is_prefix(std::string(257, 'a')));
}

}  // namespace
