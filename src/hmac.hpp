// HMAC-SHA-256 (RFC 2104), by OpenSSL.
#pragma once

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string_view>

namespace kefu::inline v0 {

using HmacSha256 = std::array<unsigned char, 32>;

/// Nothing when OpenSSL can't, for want of memory.
[[nodiscard]] inline std::optional<HmacSha256> hmac_sha256(std::string_view secret,
                                                           std::string_view text) {
  HmacSha256 out{};
  unsigned size = 0;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (!HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes, text.size(),
            out.data(), &size))
    return std::nullopt;
  return out;
}

/// A secret that much is signed with: what is the same each time is done once. Any thread.
class HmacKey {
 public:
  explicit HmacKey(std::string_view secret) {
    const std::unique_ptr<EVP_MAC, Free> mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
    keyed_.reset(mac ? EVP_MAC_CTX_new(mac.get()) : nullptr);
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_end()};
    if (!keyed_ || EVP_MAC_init(keyed_.get(), reinterpret_cast<const unsigned char*>(secret.data()),
                                secret.size(), params) != 1)
      throw std::runtime_error("HMAC-SHA-256 is not available");
  }

  /// Nothing when OpenSSL can't, for want of memory.
  [[nodiscard]] std::optional<HmacSha256> sign(std::string_view text) const {
    const std::unique_ptr<EVP_MAC_CTX, Free> one{EVP_MAC_CTX_dup(keyed_.get())};
    HmacSha256 out{};
    std::size_t size = 0;
    const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
    if (!one || EVP_MAC_update(one.get(), bytes, text.size()) != 1 ||
        EVP_MAC_final(one.get(), out.data(), &size, out.size()) != 1)
      return std::nullopt;
    return out;
  }

 private:
  struct Free {
    void operator()(EVP_MAC* mac) const noexcept { EVP_MAC_free(mac); }
    void operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }
  };
  std::unique_ptr<EVP_MAC_CTX, Free> keyed_;
};

}  // namespace kefu::inline v0
