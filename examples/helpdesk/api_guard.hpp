// ApiGuard: who may call the HTTP API.
#pragma once

#include <kefu/auth.hpp>
#include <kefu/executor.hpp>
#include <kefu/jwt_keys.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace helpdesk {

/// How many more times an address may be wrong. Bounded: of more addresses than kAddresses at once
/// the rest share one count. Threading: any.
class Failures {
 public:
  explicit Failures(std::uint32_t a_minute);

  [[nodiscard]] bool exhausted(std::string_view address, kefu::Instant now);
  void count(std::string_view address, kefu::Instant now);

  static constexpr std::size_t kAddresses = 10'000;

 private:
  /// With the mutex.
  [[nodiscard]] std::string key_of(std::string_view address) const;

  const kefu::Nanoseconds cost_;
  std::mutex mutex_;
  // When nothing of it would count any more, by address; guarded by the mutex.
  std::unordered_map<std::string, kefu::Instant> full_at_;
};

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
  Failures failures_;
};

}  // namespace helpdesk
