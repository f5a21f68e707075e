// Signatures of Standard Webhooks, version v1: HMAC-SHA-256 over "id.timestamp.body".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::net {

/// The bytes of secrets, each as it is or as "whsec_" and its base64. Throws std::invalid_argument
/// where there is none, or one has fewer than 24 or more than 64 bytes.
[[nodiscard]] std::vector<std::string> webhook_keys(const std::vector<std::string>& secrets);

/// "v1,<base64>" for each key, with spaces in between.
[[nodiscard]] std::string webhook_signatures(const std::vector<std::string>& keys,
                                             std::string_view id, std::string_view timestamp,
                                             std::string_view body);

}  // namespace kefu::inline v0::net
