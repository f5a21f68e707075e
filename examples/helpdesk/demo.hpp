// The demo's token desk: whoever asks gets a token. It is why a demo listens on loopback only.
#pragma once

#include <kefu/jwt_keys.hpp>
#include <kefu/net/server.hpp>
#include <string>

namespace helpdesk {

/// True for an address that only this machine can reach.
[[nodiscard]] bool is_loopback(const std::string& address);

/// What the pages may do.
struct PageRights {
  bool files = false;    ///< people may send some
  bool preview = false;  ///< agents see what visitors are typing
};

/// Serves GET /demo/token?role=visitor|agent&id=X as {"token": …, "expires_at": …, "files": …,
/// "preview": …}. `keys` outlive the server.
void serve_demo_tokens(kefu::net::Server& server, const kefu::JwtKeys& keys, PageRights rights);

}  // namespace helpdesk
