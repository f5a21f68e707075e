#include <kefu/model/id.hpp>

#include <doctest/doctest.h>

#include <random>
#include <set>
#include <string>
#include <type_traits>
#include <unordered_set>

namespace {

using namespace kefu;

static_assert(!std::is_convertible_v<ConversationId, SessionId>);
static_assert(ConversationId::parse("0199C1D2-7a3e-7c4f-8a5b-6c7d8e9f0a1b")->lo ==
              0x8a5b'6c7d'8e9f'0a1b);

TEST_CASE("an id's text is that of a UUID and comes back, as do its bytes") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    const ConversationId id{random(), random()};
    const std::string text = id.to_string();
    CHECK(text.size() == kIdTextSize);
    CHECK(ConversationId::parse(text) == id);
    CHECK(ConversationId::from_bytes(id.bytes().data()) == id);
  }
  const ConversationId id{0x0123'4567'89ab'cdef, 0xfedc'ba98'7654'3210};
  CHECK(id.to_string() == "01234567-89ab-cdef-fedc-ba9876543210");
  CHECK(id.bytes()[0] == 0x01);
  CHECK(id.bytes()[15] == 0x10);
  CHECK(ConversationId::parse("01234567-89AB-CDEF-FEDC-BA9876543210") == id);
}

TEST_CASE("only the canonical form is an id") {
  const std::string good = "01234567-89ab-cdef-fedc-ba9876543210";
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int c = 0; c < 256; ++c) {
      std::string text = good;
      text[at] = static_cast<char>(c);
      const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      const bool expected = good[at] == '-' ? c == '-' : hex;
      REQUIRE(ConversationId::parse(text).has_value() == expected);
    }
    REQUIRE(!ConversationId::parse(good.substr(0, at)));
  }
  CHECK(!ConversationId::parse(good + "0"));
  CHECK(!ConversationId::parse("0123456789abcdeffedcba9876543210"));
  CHECK(!ConversationId::parse("{1234567-89ab-cdef-fedc-ba987654321}"));
}

TEST_CASE("the nil id is nobody's") {
  CHECK(ConversationId{}.is_nil());
  CHECK(!ConversationId{0, 1}.is_nil());
  CHECK(!ConversationId{1, 0}.is_nil());
  CHECK(ConversationId{}.to_string() == "00000000-0000-0000-0000-000000000000");
  CHECK(!ConversationId::parse(ConversationId{}.to_string()));
}

TEST_CASE("a UUIDv7 has its version and variant, and sorts by time") {
  const auto id = make_uuid_v7<SessionId>(0xffff'0199'c1d2'7a3e, ~0ull, ~0ull);
  CHECK(id.to_string() == "0199c1d2-7a3e-7fff-bfff-ffffffffffff");
  CHECK(make_uuid_v7<SessionId>(1, 0, 0).to_string() == "00000000-0001-7000-8000-000000000000");
  CHECK(make_uuid_v7<SessionId>(1, ~0ull, ~0ull) < make_uuid_v7<SessionId>(2, 0, 0));
  CHECK(make_uuid_v7<SessionId>(1, ~0ull, ~0ull).to_string() <
        make_uuid_v7<SessionId>(2, 0, 0).to_string());
}

TEST_CASE("ids that count up spread over few buckets as over many") {
  std::unordered_set<std::size_t> low, high;
  for (std::uint64_t i = 0; i < 4096; ++i) {
    const std::size_t hash =
        std::hash<ConversationId>()(make_uuid_v7<ConversationId>(1000 + i, 0, 0));
    low.insert(hash & 255);
    high.insert(hash >> 56);
  }
  CHECK(low.size() == 256);
  CHECK(high.size() == 256);
}

}  // namespace
