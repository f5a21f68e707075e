#include <kefu/login_guard.hpp>

#include <doctest/doctest.h>

#include <chrono>

#include "unit/hub/host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

/// Looks at no token, for so long.
class Closed final : public Authenticator {
 public:
  explicit Closed(Nanoseconds wait) : wait_(wait) {}

  void authenticate(std::string_view, const Caller&, Completion<result<Identity>> done) override {
    done(errc::rate_limited);
  }
  [[nodiscard]] Nanoseconds wait(const Caller&) const override { return wait_; }

 private:
  Nanoseconds wait_;
};

struct Fixture {
  ManualExecutor loop;
  Callers asked;
  LoginGuard guard{std::make_unique<PlainTokens>(&asked), loop, 3};

  errc login(std::string_view token, std::string_view address) {
    std::optional<errc> code;
    guard.authenticate(token, {.address = address},
                       [&](result<Identity> who) { code = who.error(); });
    return code.value();
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "who is wrong too often isn't looked at for a while") {
  for (int i = 0; i < 3; ++i) CHECK(login("wrong", "192.0.2.1") == errc::unauthenticated);
  CHECK(login("wrong", "192.0.2.1") == errc::rate_limited);
  CHECK(login("visitor v", "192.0.2.1") == errc::rate_limited);
  CHECK(login("visitor v", "192.0.2.2") == errc::ok);
  CHECK(asked.size() == 4);
  loop.advance(20s);
  CHECK(login("visitor v", "192.0.2.1") == errc::ok);
  CHECK(login("wrong", "192.0.2.1") == errc::unauthenticated);
  CHECK(login("wrong", "192.0.2.1") == errc::rate_limited);
}

TEST_CASE_FIXTURE(Fixture, "good tokens and loopback are not counted") {
  for (int i = 0; i < 10; ++i) {
    CHECK(login("visitor v", "192.0.2.1") == errc::ok);
    CHECK(login("wrong", "127.0.0.1") == errc::unauthenticated);
    CHECK(login("wrong", "::1") == errc::unauthenticated);
  }
  CHECK(login("wrong", "192.0.2.1") == errc::unauthenticated);
}

TEST_CASE("a guard passes on how long another has one wait") {
  const Nanoseconds told = 90s;
  const ManualExecutor loop;
  const LoginGuard guard{std::make_unique<Closed>(told), loop, 3};
  CHECK(guard.wait({.address = "192.0.2.1"}) == told);
  CHECK(guard.wait({.address = "127.0.0.1"}) == told);
}

TEST_CASE("any authenticator may tell how long to wait, or not") {
  for (const Nanoseconds told : {Nanoseconds(1'500'000), Nanoseconds(0)}) {
    Host host;
    host.hub.authenticate(std::make_unique<Closed>(told));
    Peer peer(host);
    peer.asks(hello("visitor v"));
    CHECK(peer.got("rate_limited") == 1);
    CHECK(peer.got("rate_limited", "\"retry_after\":2}") == (told.count() == 0 ? 0 : 1));
    CHECK(peer.got("rate_limited", "retry_after") == (told.count() == 0 ? 0 : 1));
    CHECK(peer.closed_for == errc::rate_limited);
  }
}

TEST_CASE("such a connection is told when to come back, and closed") {
  Host host;
  host.hub.authenticate(
      std::make_unique<LoginGuard>(std::make_unique<PlainTokens>(), host.loop, 3));
  Peer peer(host);
  for (int i = 0; i < 3; ++i) peer.asks(hello("wrong"));
  CHECK(peer.got("unauthenticated") == 3);
  CHECK(!peer.closed_for);
  peer.asks(hello("wrong"));
  CHECK(peer.got("rate_limited", "\"retry_after\":20000") == 1);
  CHECK(peer.closed_for == errc::rate_limited);
  Peer other(host);
  other.asks(hello("visitor v"));
  CHECK(other.closed_for == errc::rate_limited);
  host.loop.advance(20s);
  Peer third(host);
  third.asks(hello("visitor v"));
  CHECK(third.got("welcome") == 1);
}
