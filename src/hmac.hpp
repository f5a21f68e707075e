// HMAC-SHA-256 (RFC 2104), by OpenSSL.
#pragma once

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <optional>
#include <string_view>

namespace kefu {

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

}  // namespace kefu
