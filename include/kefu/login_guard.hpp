// LoginGuard: an Authenticator before another, which asks it no more for a network that was wrong
// too often: who guesses tokens, or floods with them, costs no more cryptography.
//
//   hub.authenticate(std::make_unique<kefu::LoginGuard>(kefu::jwt_hs256(secret), executor));
//
// Such a `hello` is refused with errc::rate_limited and `retry_after`, and its connection closed;
// good tokens of that network too, until some of the minute has passed. Only what is no token
// counts: one that has expired was good once. Loopback isn't counted: that is this machine, or a
// proxy on it that ServerOptions::trusted_proxies doesn't name. Behind proxies the addresses are
// those of their clients.
#pragma once

#include <kefu/auth.hpp>
#include <kefu/executor.hpp>
#include <kefu/failure_limit.hpp>

#include <cstdint>
#include <memory>
#include <string_view>

namespace kefu::inline v0 {

class LoginGuard final : public Authenticator {
 public:
  static constexpr std::uint32_t kFailures = 60;  ///< a minute, of one network; as many at once

  /// `clock` outlives it.
  LoginGuard(std::unique_ptr<Authenticator> inner, const Executor& clock,
             std::uint32_t failures = kFailures);

  void authenticate(std::string_view token, const Caller& caller,
                    Completion<result<Identity>> done) override;

  /// By itself, or by whom it stands before; zero: not at all.
  [[nodiscard]] Nanoseconds wait(const Caller& caller) const override;

 private:
  const std::unique_ptr<Authenticator> inner_;
  const Executor& clock_;
  FailureLimit failures_;
};

}  // namespace kefu::inline v0
