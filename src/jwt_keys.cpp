#include <kefu/jwt_keys.hpp>

#include <openssl/crypto.h>

#include <mutex>
#include <stdexcept>
#include <utility>

#include "hmac.hpp"
#include "jwt_token.hpp"

namespace kefu::inline v0 {
namespace {

constexpr std::size_t kMinSecret = 32;

struct Key {
  explicit Key(JwtKey given) : named(std::move(given)), mac(named.secret) {}
  ~Key() { OPENSSL_cleanse(named.secret.data(), named.secret.size()); }
  Key(Key&&) = default;
  Key& operator=(Key&&) = default;

  JwtKey named;
  HmacKey mac;
};
using Keys = std::vector<Key>;

/// Never changed once they are made, so that whoever looks at them holds no lock.
std::shared_ptr<const Keys> checked(std::vector<JwtKey> keys) {
  if (keys.empty() || keys.size() > JwtKeys::kMost)
    throw std::invalid_argument("there are 1 to 8 JWT keys");
  auto out = std::make_shared<Keys>();
  out->reserve(keys.size());
  for (JwtKey& key : keys) {
    if (key.secret.size() < kMinSecret)
      throw std::invalid_argument("a JWT secret for HS256 has at least 32 bytes");
    for (const Key& other : *out) {
      if (other.named.secret == key.secret || (!key.id.empty() && other.named.id == key.id))
        throw std::invalid_argument("two JWT keys have the same secret or id");
    }
    out->emplace_back(std::move(key));
  }
  return out;
}

}  // namespace

struct JwtKeys::Impl {
  explicit Impl(std::shared_ptr<const Keys> given) : keys(std::move(given)) {}

  std::shared_ptr<const Keys> keys;
  mutable std::mutex mutex;  // of the pointer

  [[nodiscard]] std::shared_ptr<const Keys> now() const {
    const std::lock_guard lock{mutex};
    return keys;
  }
};

JwtKeys::JwtKeys(std::vector<JwtKey> keys)
    : impl_(std::make_unique<Impl>(checked(std::move(keys)))) {}

JwtKeys::~JwtKeys() = default;

void JwtKeys::replace(std::vector<JwtKey> keys) {
  std::shared_ptr<const Keys> next = checked(std::move(keys));
  const std::lock_guard lock{impl_->mutex};
  impl_->keys.swap(next);
}

std::string JwtKeys::sign(const Identity& identity, std::string_view audience) const {
  const std::shared_ptr<const Keys> keys = impl_->now();
  const Key& first = keys->front();
  std::string token = unsigned_jwt(first.named.id, identity, audience);
  const auto signature = first.mac.sign(token);
  if (!signature) throw std::runtime_error("HMAC-SHA-256 is not available");
  return with_signature(std::move(token), *signature);
}

result<std::string> JwtKeys::signature(std::string_view text) const {
  const auto out = impl_->now()->front().mac.sign(text);
  if (!out) return errc::unavailable;
  return std::string(out->begin(), out->end());
}

result<std::string> JwtKeys::signer(std::string_view text, std::string_view signature) const {
  const std::shared_ptr<const Keys> keys = impl_->now();
  for (const Key& key : *keys) {
    const auto expected = key.mac.sign(text);
    if (!expected) return errc::unavailable;
    if (signature.size() == expected->size() &&
        CRYPTO_memcmp(signature.data(), expected->data(), expected->size()) == 0)
      return key.named.id;
  }
  return errc::unauthenticated;
}

}  // namespace kefu::inline v0
