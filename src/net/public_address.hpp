// Which addresses are of the public internet. Requests to URLs that somebody configured must not
// reach the machines behind this one (SSRF).
#pragma once

#include "net/asio.hpp"

namespace kefu::inline v0::net {

/// False for what IANA's registries of special-purpose addresses do not call globally reachable:
/// private, loopback, link-local, shared, multicast, reserved …, and for IPv6 addresses that embed
/// an IPv4 one, which would be another way to the same places (but a mapped one, which is judged
/// as that).
[[nodiscard]] bool is_public(const asio::ip::address& address) noexcept;

}  // namespace kefu::inline v0::net
