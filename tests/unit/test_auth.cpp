#include <kefu/auth.hpp>

#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base64url.hpp"

namespace {

using namespace kefu;

constexpr std::string_view kSecret = "an example secret of 32 bytes ok!";
constexpr Timestamp kExpiry{1'795'422'683'000'000'000};

// Made with Python's hmac and base64, which share no code with kefu:
//   b = lambda x: base64.urlsafe_b64encode(x).rstrip(b'=').decode()
//   m = b(header) + '.' + b(claims); m + '.' + b(hmac.new(secret, m.encode(),
//   hashlib.sha256).digest())
// {"alg":"HS256","typ":"JWT"} {"sub":"visitor-7","role":"visitor","aud":"kefu","exp":1795422683}
constexpr std::string_view kVisitor =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJzdWIiOiJ2aXNpdG9yLTciLCJyb2xlIjoidmlzaXRvciIsImF1ZCI6ImtlZnUiLCJleHAiOjE3OTU0MjI2ODN9."
    "eq5XP5ttPzRrzTar5gyuvoKlh7uT_KHJyJV-rwBx5rQ";
// With line breaks as in RFC 7515, A.1; an escape in `sub`, an array in `aud`, a fraction in `exp`,
// and `nbf`:
// {"typ":"JWT",\r\n "alg":"HS256"} {"iss":"joe",\r\n "exp":1795422683.5,\r\n
// "sub":"\u0061gent-3","role":"agent",\r\n
//  "aud":["other","kefu"],"nbf":1795422600}
constexpr std::string_view kAgent =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjE3OTU0MjI2ODMuNSwNCiAic3ViIjoiXHUwMDYxZ2VudC0zIiwicm9sZSI6ImFnZW"
    "50IiwNCiAiYXVkIjpbIm90"
    "aGVyIiwia2VmdSJdLCJuYmYiOjE3OTU0MjI2MDB9."
    "rDZlb8x_Y7ZR-QS95tQsmjYV703Y3EF_BaVpiswFw9c";

struct FixedClock final : Clock {
  Timestamp time{kExpiry.ns - 60'000'000'000};
  [[nodiscard]] Timestamp now() const override { return time; }
};

struct Fixture {
  FixedClock clock;
  std::unique_ptr<Authenticator> authenticator = jwt_hs256(std::string(kSecret), clock);

  result<Identity> check(std::string_view token) const {
    std::optional<result<Identity>> seen;
    authenticator->authenticate(token, {.address = "192.0.2.1"},
                                [&](result<Identity> answer) { seen = std::move(answer); });
    REQUIRE(seen);
    return *seen;
  }
};

/// Tokens whose signature is right, made as above.
struct Vector {
  const char* what;
  std::string header;
  std::string claims;
  const char* signature;
  errc expected;
};
const std::vector<Vector>& vectors() {
  static const std::vector<Vector> all = {
      {"the plain case", R"({"alg":"HS256"})",
       R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683})",
       "KDfHiWE0V2umN6bwpk45W_HMwkpt2R9Oofr-pTpyckk", errc::ok},
      {"typ is ignored", R"({"typ":"anything","alg":"HS256","kid":"1"})",
       R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683})",
       "mq5QDmUMXuAL4OCu1__sOTDGnjaK5JMGiZYhDilnBc0", errc::ok},
      {"nbf within the leeway", R"({"alg":"HS256"})",
       R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683,"nbf":1795422628})",
       "TzVplUPHq4VPSgFGs0syZYW_QFmaYwcJFNX3P1JfmHI", errc::ok},
      {"a long enough sub", R"({"alg":"HS256"})",
       R"({"sub":")" + std::string(128, 's') + R"(","role":"bot","aud":"kefu","exp":1795422683})",
       "S2IyOQIy8bbLMdlsGRi5qr4eZ6pRrf4u8Z4dbSIptSk", errc::ok},
      {"alg none", R"({"alg":"none"})", R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683})",
       "yPHEa9Bgs8zG17uWh1tIzCUuWQpuvKCiJmeZsQs24eg", errc::unauthenticated},
      {"another alg", R"({"alg":"HS512"})",
       R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683})",
       "iU_KQGtmgTStupMNPjWDxOshHeKVrZnIgLcqgOa27fQ", errc::unauthenticated},
      {"alg in lower case", R"({"alg":"hs256"})",
       R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683})",
       "WWBoulOlO0-Mpbql22meu-BElTghGi_ymI0oUkFWBD0", errc::unauthenticated},
      {"no alg", R"({"typ":"JWT"})", R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683})",
       "hCFUgnrMRimSTm0wm5Doc8iQcz5PDbZll3s7BJ1hrKc", errc::unauthenticated},
      {"alg is no text", R"({"alg":256})",
       R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683})",
       "M5Sj0xCgswNYnD5AA838XbhvUHvsDSzF9ndXPkArSnU", errc::unauthenticated},
      {"crit", R"({"alg":"HS256","crit":["exp"]})",
       R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683})",
       "0Zd_RS1aCsgsArISDfvnmHd3x5jhIy4NtxxxHv16Mo8", errc::unauthenticated},
      {"crit null", R"({"alg":"HS256","crit":null})",
       R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683})",
       "5_D48aUCtBbAiSpsHAIuYU5sgTeGlTrnxuCLN5Esj_4", errc::unauthenticated},
      {"the header is an array", R"(["HS256"])",
       R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683})",
       "XKeZ85Axobf3boH7f3_Tr4VMz4xRC7CiYlMXj44xB-g", errc::unauthenticated},
      {"the header is no JSON", R"(HS256)",
       R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683})",
       "sLjCfcrMrDvO4GC18DBciFLOA_JJML66Psc_YiCoErA", errc::unauthenticated},
      {"the header is empty", R"()", R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683})",
       "t0ivZY7BcLkfquvbNoABri5Z9kMbj7Rv3sNnAlwWvFE", errc::unauthenticated},
      {"no sub", R"({"alg":"HS256"})", R"({"role":"bot","aud":"kefu","exp":1795422683})",
       "5Ox4U4U3rWp4lzs3K50lDX7dvlM92iQOaPj9qCmNBNc", errc::unauthenticated},
      {"sub is empty", R"({"alg":"HS256"})",
       R"({"sub":"","role":"bot","aud":"kefu","exp":1795422683})",
       "XuJ6W-jBhHKBlbvRim5zmjRsSYCZHmr6iW0KwUGg1G4", errc::unauthenticated},
      {"sub is a number", R"({"alg":"HS256"})",
       R"({"sub":7,"role":"bot","aud":"kefu","exp":1795422683})",
       "KU8A0BbE1ra0HYiJk80QLRMzu0KOaDc3GTxIxptoowA", errc::unauthenticated},
      {"sub is too long", R"({"alg":"HS256"})",
       R"({"sub":")" + std::string(129, 's') + R"(","role":"bot","aud":"kefu","exp":1795422683})",
       "a5XwS1eITABJ1vAnCfFSCS7eXnnrYOFamkX0Y9IKu1w", errc::unauthenticated},
      {"sub is no Unicode", R"({"alg":"HS256"})",
       R"({"sub":"\udc00","role":"bot","aud":"kefu","exp":1795422683})",
       "Zs13HH43UmyOhaiwJ0G4eH76gsKpY15En0oTD5w75G8", errc::unauthenticated},
      {"no role", R"({"alg":"HS256"})", R"({"sub":"x","aud":"kefu","exp":1795422683})",
       "ZBHE7VzDJ81JcQ0-cQd1KxV61p2sxlEv9dr-Ogiy9FE", errc::unauthenticated},
      {"an unknown role", R"({"alg":"HS256"})",
       R"({"sub":"x","role":"admin","aud":"kefu","exp":1795422683})",
       "7pfwWFzURDD7ekSAfmUbFhB6E1KpDvkvQyOtlhCVcDs", errc::unauthenticated},
      {"no aud", R"({"alg":"HS256"})", R"({"sub":"x","role":"bot","exp":1795422683})",
       "WzqGhGV6F6aaJpVgdQw3GouKD3-mTKSQf__4PgexWSk", errc::unauthenticated},
      {"another aud", R"({"alg":"HS256"})",
       R"({"sub":"x","role":"bot","aud":"Kefu","exp":1795422683})",
       "goSIjJUTqRvrRT48O7yLtGE1X2EB7VDtlWKWkIGdSXE", errc::unauthenticated},
      {"aud has others only", R"({"alg":"HS256"})",
       R"({"sub":"x","role":"bot","aud":["a",1,null,"kef"],"exp":1795422683})",
       "k-av9oh2gauOsPJc3hqyiKC-iqniY-Mxz5yWhYxFZjY", errc::unauthenticated},
      {"aud is empty", R"({"alg":"HS256"})",
       R"({"sub":"x","role":"bot","aud":[],"exp":1795422683})",
       "pU3p5I5s0R0esNKuH-mX5mop7Yd6tNMkiFf4yUCpTuk", errc::unauthenticated},
      {"no exp", R"({"alg":"HS256"})", R"({"sub":"x","role":"bot","aud":"kefu"})",
       "ZbLL9mSSxYxLzm-_wOLqKWDc4ZBZnVoVytJtKOR06KY", errc::unauthenticated},
      {"exp is a text", R"({"alg":"HS256"})",
       R"({"sub":"x","role":"bot","aud":"kefu","exp":"1795422683"})",
       "PI-4UpQHT7GBg9wnfAJzLqrgTytDKKGoAzNeqsz9HBM", errc::unauthenticated},
      {"exp is negative", R"({"alg":"HS256"})", R"({"sub":"x","role":"bot","aud":"kefu","exp":-1})",
       "HMj8EexBVhe3wA5xqweuPlBTDNFT49ndr_mcPsNIWBI", errc::unauthenticated},
      {"exp is far away", R"({"alg":"HS256"})",
       R"({"sub":"x","role":"bot","aud":"kefu","exp":1e300})",
       "Qw_85mPPfrjbJAwjw92BD1E8qDSsIsRxEf1KDPPR6fY", errc::unauthenticated},
      {"not yet", R"({"alg":"HS256"})",
       R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683,"nbf":1795422629})",
       "P_j-kw7r6KAPgAAYqI6esQdee_xF_SwwUTVry8lc1C8", errc::unauthenticated},
      {"nbf is a text", R"({"alg":"HS256"})",
       R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683,"nbf":"0"})",
       "kFlljQqJGsbKJ5RPbsFtvxgzJnP3X7qHmiQbxt4zy3A", errc::unauthenticated},
      {"the claims are an array", R"({"alg":"HS256"})",
       R"([{"sub":"x","role":"bot","aud":"kefu","exp":1795422683}])",
       "jBpfUJ0nPk1b1KcCSpjSVw3M1kaFhTbxU41zqPljjfg", errc::unauthenticated},
      {"more behind the claims", R"({"alg":"HS256"})",
       R"({"sub":"x","role":"bot","aud":"kefu","exp":1795422683}})",
       "_Zu3b3xeAJMD16GgQ5gpH25kdsVErJiDWZOAV6Lm06g", errc::unauthenticated},
      {"the claims are empty", R"({"alg":"HS256"})", R"()",
       "U_ILt9c_T7LsHrvSHOq61B6-JGnb7SB-nWb8o32uIPs", errc::unauthenticated},
  };
  return all;
}

TEST_CASE_FIXTURE(Fixture, "a token made elsewhere is understood") {
  const auto visitor = check(kVisitor);
  REQUIRE(visitor);
  CHECK(visitor->participant == Participant{"visitor-7", Role::visitor});
  CHECK(visitor->expires_at == kExpiry + JwtOptions{}.leeway);
  const auto agent = check(kAgent);
  REQUIRE(agent);
  CHECK(agent->participant == Participant{"agent-3", Role::agent});
  CHECK(agent->expires_at == kExpiry + JwtOptions{}.leeway + Milliseconds(500));
}

TEST_CASE_FIXTURE(Fixture, "a right signature is not enough") {
  for (const Vector& vector : vectors()) {
    CAPTURE(vector.what);
    const std::string token = encode_base64url(vector.header) + '.' +
                              encode_base64url(vector.claims) + '.' + vector.signature;
    CHECK(check(token).error() == vector.expected);
  }
}

TEST_CASE_FIXTURE(Fixture, "a token that was changed in any place is refused") {
  for (std::size_t at = 0; at < kVisitor.size(); ++at) {
    for (const char other : {'A', 'B', 'Q', 'g', 'w', '0', '-', '_', '.', '=', '+', ' '}) {
      std::string token(kVisitor);
      if (token[at] == other) continue;
      token[at] = other;
      REQUIRE(check(token).error() == errc::unauthenticated);
    }
    REQUIRE(check(kVisitor.substr(0, at)).error() == errc::unauthenticated);
  }
  const std::string token(kVisitor);
  for (const std::string& bad :
       {token + "=", token + ".", token + "A", "." + token, " " + token, token + "\n",
        token.substr(0, token.rfind('.') + 1), std::string("."), std::string(".."),
        std::string("..."), std::string(100'000, '.'), std::string(100'000, 'A')}) {
    CHECK(check(bad).error() == errc::unauthenticated);
  }
}

TEST_CASE_FIXTURE(Fixture, "another secret's signature is refused") {
  const auto other = jwt_hs256("AN example secret of 32 bytes ok!", clock);
  other->authenticate(kVisitor, {}, [](result<Identity> answer) {
    CHECK(answer.error() == errc::unauthenticated);
  });
  const std::string token =
      sign_jwt_hs256("AN example secret of 32 bytes ok!", {{"x", Role::bot}, kExpiry});
  CHECK(check(token).error() == errc::unauthenticated);
}

TEST_CASE_FIXTURE(Fixture, "a token ends with the leeway after exp") {
  clock.time = kExpiry + JwtOptions{}.leeway - Nanoseconds(1);
  CHECK(check(kVisitor));
  clock.time = kExpiry + JwtOptions{}.leeway;
  CHECK(check(kVisitor).error() == errc::token_expired);
}

TEST_CASE_FIXTURE(Fixture, "a signed token comes back as the identity, whatever the id holds") {
  for (const Role role : {Role::visitor, Role::agent, Role::bot, Role::supervisor}) {
    const Identity identity{{"访客 \"7\"\n", role}, kExpiry + Nanoseconds(999)};
    const auto answer = check(sign_jwt_hs256(kSecret, identity));
    REQUIRE(answer);
    CHECK(answer->participant == identity.participant);
    CHECK(answer->expires_at ==
          kExpiry + JwtOptions{}.leeway);  // a token's time is in whole seconds
  }
  CHECK(check(sign_jwt_hs256(kSecret, {{"x", Role::bot}, kExpiry}, "others")).error() ==
        errc::unauthenticated);
}

TEST_CASE("a short secret is a mistake in the configuration") {
  CHECK_THROWS_AS((void)jwt_hs256(std::string(31, 'x')), std::invalid_argument);
  CHECK_THROWS_AS((void)sign_jwt_hs256(std::string(31, 'x'), {{"x", Role::bot}, kExpiry}),
                  std::invalid_argument);
  CHECK(jwt_hs256(std::string(32, 'x')));
}

TEST_CASE_FIXTURE(Fixture, "shards share an authenticator") {
  std::vector<std::thread> threads;
  std::vector<int> good(4);
  for (int& count : good) {
    threads.emplace_back([&count, this] {
      for (int i = 0; i < 200; ++i) {
        authenticator->authenticate(kVisitor, {},
                                    [&](result<Identity> answer) { count += answer.has_value(); });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : good) CHECK(count == 200);
}

TEST_CASE("base64url is strict") {
  CHECK(encode_base64url("") == "");
  CHECK(encode_base64url("f") == "Zg");
  CHECK(encode_base64url("fo") == "Zm8");
  CHECK(encode_base64url("foo") == "Zm9v");
  CHECK(encode_base64url("\xff\xef\xbe") == "_---");
  CHECK(decode_base64url("Zm8") == "fo");
  for (const char* bad : {"Z", "Zm9vZ", "Zh", "Zm9", "Zm8=", "Zm+v", "Zm/v", "Zm 8", "Zm\n8"}) {
    CHECK(!decode_base64url(bad));
  }
}

TEST_CASE("who is verified says so in the token, and nobody else is") {
  const Fixture fixture;
  Identity identity{{"contact-7", Role::visitor}, kExpiry};
  CHECK(!fixture.check(sign_jwt_hs256(kSecret, identity))->verified);
  identity.verified = true;
  CHECK(fixture.check(sign_jwt_hs256(kSecret, identity))->verified);
}

}  // namespace
