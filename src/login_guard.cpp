#include <kefu/login_guard.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace kefu::inline v0 {

LoginGuard::LoginGuard(std::unique_ptr<Authenticator> inner, const Executor& clock,
                       std::uint32_t failures)
    : inner_(std::move(inner)), clock_(clock), failures_(failures) {}

Nanoseconds LoginGuard::wait(const Caller& caller) const {
  const Nanoseconds inner = inner_->wait(caller);
  const std::string network = FailureLimit::network_of(caller.address);
  if (network.empty()) return inner;
  return std::max(inner, failures_.wait_of(network, clock_.now()));
}

void LoginGuard::authenticate(std::string_view token, const Caller& caller,
                              Completion<result<Identity>> done) {
  std::string network = FailureLimit::network_of(caller.address);
  if (network.empty()) return inner_->authenticate(token, caller, std::move(done));
  if (failures_.wait_of(network, clock_.now()).count() != 0) return done(errc::rate_limited);
  inner_->authenticate(
      token, caller,
      [this, network = std::move(network), done = std::move(done)](result<Identity> who) mutable {
        if (!who && who.error() == errc::unauthenticated) failures_.count_of(network, clock_.now());
        done(std::move(who));
      });
}

}  // namespace kefu::inline v0
