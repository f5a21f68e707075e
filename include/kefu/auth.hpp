// Authenticator: the port that turns a token into an Identity.
#pragma once

#include <kefu/clock.hpp>
#include <kefu/completion.hpp>
#include <kefu/limits.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/result.hpp>
#include <memory>
#include <string>
#include <string_view>

namespace kefu::inline v0 {

/// Whose token it is, as far as the connection tells. Valid during the call that hands it over.
struct Caller {
  std::string_view address = {};  ///< for logs and risk control
  /// Of the certificate by which the peer has proved who it is ("CN=...,O=...", RFC 2253), or "".
  std::string_view subject = {};
};

/// Threading: called on any shard, concurrently. The completion may come from any thread, also
/// inside the call. Errors: errc::unauthenticated, errc::token_expired, errc::unavailable (the
/// client may try again), errc::rate_limited (not before wait(); a connection that meets it at its
/// `hello` ends).
class Authenticator {
 public:
  virtual ~Authenticator() = default;

  /// `token` is only valid during the call.
  virtual void authenticate(std::string_view token, const Caller& caller,
                            Completion<result<Identity>> done) = 0;

  /// Behind errc::rate_limited: how long it takes until a token of this caller is looked at again,
  /// which a client is told. Zero: that isn't known. One that stands before another passes it on.
  /// It doesn't block.
  [[nodiscard]] virtual Nanoseconds wait(const Caller& /*caller*/) const { return Nanoseconds{0}; }
};

/// What jwt_hs256() asks of a token, beside its signature.
struct JwtOptions {
  std::string audience = "kefu";         ///< required `aud`
  Nanoseconds leeway{5'000'000'000};     ///< tolerated clock difference for `exp` and `nbf`
  std::size_t max_id = limits{}.max_id;  ///< bytes of `sub`; a longer one is refused
};

/// Verifies JWTs (RFC 7519) signed with HMAC-SHA-256. The algorithm is fixed: a token that names
/// another is refused. Claims: `sub` (participant id), `role` (visitor, agent, bot, supervisor),
/// `aud`, `exp`; `nbf` is honoured, and `verified` (true for people whom the host knows).
/// Identity::expires_at is `exp` plus the leeway. The secret has at least 32 bytes (RFC 7518,
/// §3.2); a shorter one throws std::invalid_argument. `clock` must outlive the authenticator.
[[nodiscard]] std::unique_ptr<Authenticator> jwt_hs256(std::string secret, const Clock& clock,
                                                       JwtOptions options = {});
[[nodiscard]] std::unique_ptr<Authenticator> jwt_hs256(std::string secret, JwtOptions options = {});

/// Signs a token that the authenticator above accepts: for a host's own backend, for tests and
/// demos.
[[nodiscard]] std::string sign_jwt_hs256(std::string_view secret, const Identity& identity,
                                         std::string_view audience = "kefu");

}  // namespace kefu::inline v0
