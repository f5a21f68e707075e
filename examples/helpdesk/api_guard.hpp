// ApiGuard: who may call the HTTP API.
#pragma once

#include <kefu/auth.hpp>
#include <kefu/executor.hpp>
#include <kefu/failure_limit.hpp>
#include <kefu/jwt_keys.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace helpdesk {

/// Threading: any.
class ApiGuard {
 public:
  ApiGuard(const kefu::JwtKeys& keys, std::uint32_t failures, const kefu::Executor& clock);

  /// Whose token it is. errc::unauthenticated, errc::token_expired; errc::denied: it is
  /// good, but of a role that may not call; errc::rate_limited: too many from there were not good.
  void admit(std::string_view token, const kefu::Caller& caller,
             kefu::Completion<kefu::result<kefu::Participant>> done);

 private:
  const std::unique_ptr<kefu::Authenticator> authenticator_;
  const kefu::Executor& clock_;
  kefu::FailureLimit failures_;
};

}  // namespace helpdesk
