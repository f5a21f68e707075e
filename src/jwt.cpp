// JWT (RFC 7519) in its compact form, signed with HMAC-SHA-256 (RFC 7515, RFC 7518 §3.2). The
// signature is checked before anything in the token is looked at: what is parsed was written by
// somebody who has the secret.
#include <kefu/auth.hpp>

#include <simdjson.h>
#include <kefu/jwt_keys.hpp>
#include <kefu/wire/json_writer.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base64url.hpp"
#include "jwt_token.hpp"

namespace kefu::inline v0 {
namespace {

constexpr std::size_t kMaxToken = 16 * 1024;
constexpr double kMaxSeconds = 9'000'000'000.0;  // fits into 64 bits of nanoseconds: the year 2255

using Object = simdjson::dom::object;

/// A text; nothing when it is absent or no text. An escaped lone surrogate makes no text.
std::optional<std::string_view> text(const Object& object, std::string_view key) {
  std::string_view value;
  if (object.at_key(key).get(value) || !simdjson::validate_utf8(value)) return std::nullopt;
  return value;
}

/// A NumericDate: seconds since 1970, perhaps with a fraction.
std::optional<Timestamp> date(const Object& object, std::string_view key) {
  double seconds = 0;
  if (object.at_key(key).get(seconds) || !(seconds >= 0 && seconds <= kMaxSeconds))
    return std::nullopt;
  const auto whole = static_cast<std::int64_t>(seconds);
  return Timestamp{whole * 1'000'000'000 +
                   static_cast<std::int64_t>((seconds - static_cast<double>(whole)) * 1e9)};
}

bool is_for(const Object& claims, const std::string& audience) {
  if (const auto one = text(claims, "aud")) return *one == audience;
  simdjson::dom::array several;
  if (claims.at_key("aud").get(several)) return false;
  for (const simdjson::dom::element each : several) {
    std::string_view name;
    if (!each.get(name) && name == audience) return true;
  }
  return false;
}

/// Nothing may be critical: we know no extension, and must refuse what we don't know (RFC 7515,
/// §4.1.11). `key`: the id of the one that has signed it.
bool accepts(const Object& header, const std::string& key) {
  simdjson::dom::element critical;
  return text(header, "alg") == "HS256" &&
         header.at_key("crit").get(critical) == simdjson::NO_SUCH_FIELD &&
         (key.empty() || text(header, "kid").value_or(key) == key);
}

std::optional<Object> parse(simdjson::dom::parser& parser, const std::optional<std::string>& json) {
  Object object;
  if (!json) return std::nullopt;
  const simdjson::error_code error = parser.parse(*json).get(object);
  if (error == simdjson::MEMALLOC) {  // it says nothing about the token
    parser = simdjson::dom::parser();
    throw std::bad_alloc{};
  }
  if (error) return std::nullopt;
  return object;
}

/// One that nobody replaces.
std::unique_ptr<JwtKeys> only(std::string secret) {
  std::vector<JwtKey> keys;
  keys.push_back({std::move(secret)});
  return std::make_unique<JwtKeys>(std::move(keys));
}

class JwtHs256 final : public Authenticator {
 public:
  JwtHs256(const JwtKeys& keys, const Clock* clock, JwtOptions options)
      : keys_(keys), clock_(clock ? clock : &system_clock_), options_(std::move(options)) {}
  JwtHs256(std::unique_ptr<JwtKeys> own, const Clock* clock, JwtOptions options)
      : own_(std::move(own)),
        keys_(*own_),
        clock_(clock ? clock : &system_clock_),
        options_(std::move(options)) {}

  void authenticate(std::string_view token, const Caller&,
                    Completion<result<Identity>> done) override {
    done(verify(token));
  }

 private:
  [[nodiscard]] result<Identity> verify(std::string_view token) const {
    const std::size_t first = token.find('.');
    const std::size_t second = token.rfind('.');
    if (token.size() > kMaxToken || first == second) return errc::unauthenticated;
    const auto signature = decode_base64url(token.substr(second + 1));
    if (!signature) return errc::unauthenticated;
    const auto key = keys_.signer(token.substr(0, second), *signature);
    if (!key) return key.error();
    static thread_local simdjson::dom::parser parser;  // what it allocates serves the next one
    const auto header = parse(parser, decode_base64url(token.substr(0, first)));
    if (!header || !accepts(*header, *key)) return errc::unauthenticated;
    const auto claims =
        parse(parser, decode_base64url(token.substr(first + 1, second - first - 1)));
    if (!claims) return errc::unauthenticated;
    return judge(*claims);
  }

  [[nodiscard]] result<Identity> judge(const Object& claims) const {
    const auto subject = text(claims, "sub");
    const auto role = role_from_name(text(claims, "role").value_or(std::string_view()));
    const auto expires = date(claims, "exp");
    const bool known =
        subject && !subject->empty() && subject->size() <= options_.max_id && role && expires;
    if (!known || !is_for(claims, options_.audience)) return errc::unauthenticated;
    const Timestamp now = clock_->now();
    const bool limited = claims.at_key("nbf").error() != simdjson::NO_SUCH_FIELD;
    const auto begins = date(claims, "nbf");
    if (limited && (!begins || now + options_.leeway < *begins)) return errc::unauthenticated;
    const Timestamp end = *expires + options_.leeway;
    if (now >= end) return errc::token_expired;
    bool verified = false;
    if (claims.at_key("verified").get(verified)) verified = false;
    return Identity{{std::string(*subject), *role}, end, verified};
  }

  const std::unique_ptr<JwtKeys> own_;
  const JwtKeys& keys_;
  SystemClock system_clock_;
  const Clock* clock_;
  JwtOptions options_;
};

}  // namespace

std::unique_ptr<Authenticator> jwt_hs256(std::string secret, const Clock& clock,
                                         JwtOptions options) {
  return std::make_unique<JwtHs256>(only(std::move(secret)), &clock, std::move(options));
}

std::unique_ptr<Authenticator> jwt_hs256(std::string secret, JwtOptions options) {
  return std::make_unique<JwtHs256>(only(std::move(secret)), nullptr, std::move(options));
}

std::unique_ptr<Authenticator> jwt_hs256(const JwtKeys& keys, const Clock& clock,
                                         JwtOptions options) {
  return std::make_unique<JwtHs256>(keys, &clock, std::move(options));
}

std::unique_ptr<Authenticator> jwt_hs256(const JwtKeys& keys, JwtOptions options) {
  return std::make_unique<JwtHs256>(keys, nullptr, std::move(options));
}

std::string sign_jwt_hs256(std::string_view secret, const Identity& identity,
                           std::string_view audience) {
  return only(std::string(secret))->sign(identity, audience);
}

std::string unsigned_jwt(std::string_view key, const Identity& identity,
                         std::string_view audience) {
  std::string header = R"({"alg":"HS256","typ":"JWT")";
  std::string claims;
  {
    wire::JsonWriter out(header);
    if (!key.empty()) {
      out.raw(",\"kid\":");
      out.text(key);
    }
    out.raw("}");
  }
  {
    wire::JsonWriter out(claims);
    out.raw("{\"sub\":");
    out.text(identity.participant.id);
    out.raw(",\"role\":");
    out.text(name(identity.participant.role));
    out.raw(",\"aud\":");
    out.text(audience);
    out.raw(",\"exp\":");
    out.number(static_cast<std::uint64_t>(identity.expires_at.ns / 1'000'000'000));
    if (identity.verified) out.raw(",\"verified\":true");
    out.raw("}");
  }
  return encode_base64url(header) + '.' + encode_base64url(claims);
}

std::string with_signature(std::string token, const HmacSha256& signature) {
  return std::move(token) + '.' +
         encode_base64url({reinterpret_cast<const char*>(signature.data()), signature.size()});
}

}  // namespace kefu::inline v0
