#include <kefu/jwt_keys.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base64url.hpp"

namespace {

using namespace kefu;

const std::string kOld = "the old example secret of 32 bytes";
const std::string kNext = "the next example secret of 32 bytes";
constexpr Timestamp kExpiry{1'795'422'683'000'000'000};
const Identity kVisitor{{"visitor-7", Role::visitor}, kExpiry};

struct FixedClock final : Clock {
  [[nodiscard]] Timestamp now() const override { return {kExpiry.ns - 60'000'000'000}; }
};

struct Fixture {
  FixedClock clock;
  JwtKeys keys{{{kOld, "old"}, {kNext, "next"}}};
  std::unique_ptr<Authenticator> authenticator = jwt_hs256(keys, clock);

  errc check(std::string_view token) const {
    std::optional<errc> seen;
    authenticator->authenticate(token, {}, [&](result<Identity> answer) { seen = answer.error(); });
    REQUIRE(seen);
    return *seen;
  }
};

std::string signed_by(std::string secret, std::string id) {
  std::vector<JwtKey> keys;
  keys.push_back({std::move(secret), std::move(id)});
  return JwtKeys{std::move(keys)}.sign(kVisitor);
}

std::string header_of(const std::string& token) {
  return decode_base64url(token.substr(0, token.find('.'))).value();
}

TEST_CASE_FIXTURE(Fixture, "the first key signs, and its tokens name it") {
  CHECK(header_of(keys.sign(kVisitor)) == R"({"alg":"HS256","typ":"JWT","kid":"old"})");
  keys.replace({{kNext, "next"}, {kOld, "old"}});
  CHECK(header_of(keys.sign(kVisitor)) == R"({"alg":"HS256","typ":"JWT","kid":"next"})");
  keys.replace({{kNext}});
  CHECK(keys.sign(kVisitor) == sign_jwt_hs256(kNext, kVisitor));
}

TEST_CASE_FIXTURE(Fixture, "a key is good until it is removed") {
  const std::string old = keys.sign(kVisitor);
  keys.replace({{kNext, "next"}, {kOld, "old"}});
  const std::string next = keys.sign(kVisitor);
  CHECK(check(old) == errc::ok);
  CHECK(check(next) == errc::ok);
  keys.replace({{kNext, "next"}});
  CHECK(check(old) == errc::unauthenticated);
  CHECK(check(next) == errc::ok);
}

TEST_CASE_FIXTURE(Fixture, "a token without kid is tried with each") {
  CHECK(check(sign_jwt_hs256(kOld, kVisitor)) == errc::ok);
  CHECK(check(sign_jwt_hs256(kNext, kVisitor)) == errc::ok);
  CHECK(check(sign_jwt_hs256("another example secret of 32 bytes", kVisitor)) ==
        errc::unauthenticated);
}

TEST_CASE_FIXTURE(Fixture, "a token is of the key that it names") {
  CHECK(check(signed_by(kNext, "old")) == errc::unauthenticated);
  CHECK(check(signed_by(kNext, "unknown")) == errc::unauthenticated);
  keys.replace({{kNext}});
  CHECK(check(signed_by(kNext, "whatever")) == errc::ok);
}

TEST_CASE_FIXTURE(Fixture, "keys that make no sense are refused, and the former ones stay") {
  const std::string token = keys.sign(kVisitor);
  std::vector<JwtKey> many;
  for (std::size_t i = 0; i <= JwtKeys::kMost; ++i) many.push_back({kOld + std::to_string(i)});
  const std::vector<JwtKey> wrong[] = {{},
                                       {{std::string(31, 'x')}},
                                       {{kNext, "a"}, {kNext, "b"}},
                                       {{kOld, "a"}, {kNext, "a"}},
                                       many};
  for (const auto& each : wrong) {
    CHECK_THROWS_AS(keys.replace(each), std::invalid_argument);
    CHECK_THROWS_AS(JwtKeys{each}, std::invalid_argument);
  }
  CHECK(check(token) == errc::ok);
  many.pop_back();
  keys.replace(many);
  CHECK(check(sign_jwt_hs256(many.back().secret, kVisitor)) == errc::ok);
}

TEST_CASE_FIXTURE(Fixture, "keys change while tokens are looked at") {
  const std::string token = sign_jwt_hs256(kNext, kVisitor);
  std::atomic<bool> ended = false;
  std::thread changer([&] {
    while (!ended) {
      keys.replace({{kNext, "next"}});
      keys.replace({{kOld, "old"}, {kNext, "next"}});
    }
  });
  int good = 0;
  for (int i = 0; i < 500; ++i)
    authenticator->authenticate(token, {},
                                [&](result<Identity> answer) { good += answer ? 1 : 0; });
  ended = true;
  changer.join();
  CHECK(good == 500);
}

}  // namespace
