// The demo's token desk: whoever asks gets a token. It is why a demo listens on loopback only.
#pragma once

#include <kefu/net/server.hpp>
#include <string>

namespace helpdesk {

/// True for an address that only this machine can reach.
[[nodiscard]] bool is_loopback(const std::string& address);

/// Serves GET /demo/token?role=visitor|agent&id=X as {"token": …, "expires_at": …, "files": …};
/// `files`: whether people may send some.
void serve_demo_tokens(kefu::net::Server& server, std::string secret, bool files);

}  // namespace helpdesk
