// Members: lets in who is logged in on the host's site.
#pragma once

#include <kefu/auth.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace tutorial {

/// Takes the key of a login for the token. A site would look into its own sessions here.
class Members final : public kefu::Authenticator {
 public:
  void authenticate(std::string_view token, const kefu::Caller& /*caller*/,
                    kefu::Completion<kefu::result<kefu::Identity>> done) override {
    const auto at = logins_.find(token);
    if (at == logins_.end()) return done(kefu::errc::unauthenticated);
    const kefu::Timestamp end = kefu::SystemClock().now() + std::chrono::hours(1);
    done(kefu::Identity{at->second, end});
  }

 private:
  const std::map<std::string, kefu::Participant, std::less<>> logins_{
      {"login-of-alice", {"alice", kefu::Role::visitor}},
      {"login-of-bob", {"bob", kefu::Role::agent}},
  };
};

}  // namespace tutorial
