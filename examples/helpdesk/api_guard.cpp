#include "api_guard.hpp"

#include <utility>

#include "api.hpp"

namespace helpdesk {
using kefu::errc;

ApiGuard::ApiGuard(const kefu::JwtKeys& keys, std::uint32_t failures, const kefu::Executor& clock)
    : authenticator_(kefu::jwt_hs256(keys, {.audience = kApiAudience})),
      clock_(clock),
      failures_(failures) {}

void ApiGuard::admit(std::string_view token, const kefu::Caller& caller,
                     kefu::Completion<kefu::result<kefu::Participant>> done) {
  if (failures_.wait(caller.address, clock_.now()).count() != 0) return done(errc::rate_limited);
  authenticator_->authenticate(token, caller,
                               [this, peer = std::string(caller.address),
                                done = std::move(done)](kefu::result<kefu::Identity> who) mutable {
                                 if (!who && who.error() != errc::unavailable)
                                   failures_.count(peer, clock_.now());
                                 if (!who) return done(who.error());
                                 if (who->participant.role != kefu::Role::supervisor)
                                   return done(errc::denied);
                                 done(std::move(who->participant));
                               });
}

}  // namespace helpdesk
