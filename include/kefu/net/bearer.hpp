// bearer_of: the token of a request (RFC 6750).
#pragma once

#include <kefu/net/http_head.hpp>

#include <string>

namespace kefu::inline v0::net {

/// What `Authorization: Bearer …` says, or "".
[[nodiscard]] std::string bearer_of(const http::Head& request);

}  // namespace kefu::inline v0::net
