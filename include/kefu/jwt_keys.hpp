// JwtKeys: the secrets of the tokens (kefu/auth.hpp), several at once, so that one can follow
// another while people are connected:
//   1. replace({old, next})   every node knows both, and the old one signs still
//   2. replace({next, old})   the next one signs
//   3. replace({next})        when the last token of the old one has expired
// After a leak step 3 comes at once, and everybody needs a new token.
//
// Threading: any. A session that has shown its token goes on until that expires.
#pragma once

#include <kefu/auth.hpp>
#include <kefu/clock.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/result.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0 {

/// A secret that signs tokens, and its name.
struct JwtKey {
  std::string secret;   ///< at least 32 bytes
  std::string id = {};  ///< the `kid` of its tokens; may be empty
};

class JwtKeys {
 public:
  static constexpr std::size_t kMost = 8;  ///< since a token without `kid` is tried with each

  /// The first one signs. Throws std::invalid_argument when there is none or more than kMost, when
  /// a secret is too short, and when two have the same secret or the same id that isn't empty.
  explicit JwtKeys(std::vector<JwtKey> keys);
  ~JwtKeys();
  JwtKeys(const JwtKeys&) = delete;
  JwtKeys& operator=(const JwtKeys&) = delete;

  /// Throws likewise; then the former ones stay.
  void replace(std::vector<JwtKey> keys);

  /// A token of the first one, as by sign_jwt_hs256().
  [[nodiscard]] std::string sign(const Identity& identity,
                                 std::string_view audience = "kefu") const;

  /// HMAC-SHA-256 of `text` by the first one, 32 bytes, for signer(): of what is no token, and has
  /// a character that is in none, as a space. errc::unavailable: no memory.
  [[nodiscard]] result<std::string> signature(std::string_view text) const;

  /// The id of the key by which `text` was signed with HMAC-SHA-256; errc::unauthenticated: none;
  /// errc::unavailable: no memory.
  [[nodiscard]] result<std::string> signer(std::string_view text, std::string_view signature) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// As the others of that name, by any of the keys. A token that names a `kid` must be of a key with
/// this id, or of one without an id. `keys` and `clock` outlive it.
[[nodiscard]] std::unique_ptr<Authenticator> jwt_hs256(const JwtKeys& keys, const Clock& clock,
                                                       JwtOptions options = {});
[[nodiscard]] std::unique_ptr<Authenticator> jwt_hs256(const JwtKeys& keys,
                                                       JwtOptions options = {});

}  // namespace kefu::inline v0
