// The parts of a JWT that is made here.
#pragma once

#include <kefu/model/participant.hpp>
#include <string>
#include <string_view>

#include "hmac.hpp"

namespace kefu::inline v0 {

/// Its header and claims. `key` becomes the `kid`, unless it is empty.
[[nodiscard]] std::string unsigned_jwt(std::string_view key, const Identity& identity,
                                       std::string_view audience);
[[nodiscard]] std::string with_signature(std::string token, const HmacSha256& signature);

}  // namespace kefu::inline v0
