// The seam between Tls, which hosts see, and the connections that use it.
#pragma once

#include <openssl/types.h>

#include <kefu/net/tls.hpp>

namespace kefu::inline v0::net {

struct TlsAccess {
  /// A server's side of a new connection, under the current certificates; nullptr when there is no
  /// memory. The caller owns it.
  static SSL* new_session(const Tls& tls);
};

}  // namespace kefu::inline v0::net
