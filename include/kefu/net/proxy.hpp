// Who a client is behind proxies: the fields that they add, and the PROXY protocol. Pure.
#pragma once

#include <kefu/net/http_head.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::net {

/// Networks whose hosts are believed what they say of their peers.
class TrustedProxies {
 public:
  TrustedProxies() = default;
  /// Addresses or networks, "10.0.0.0/8", "::1". Throws std::invalid_argument for anything else.
  explicit TrustedProxies(const std::vector<std::string>& networks);

  /// Whether this address is one of them.
  [[nodiscard]] bool contains(std::string_view address) const noexcept;
  [[nodiscard]] bool empty() const noexcept { return networks_.empty(); }

 private:
  struct Network {
    std::array<std::uint8_t, 16> address{};  // IPv4 as ::ffff:a.b.c.d
    std::uint8_t bits = 0;
  };
  std::vector<Network> networks_;
};

/// The field in which the trusted proxies write their peers' addresses. Only one: a client could
/// write another, which they would pass on as it is.
enum class ForwardedField : std::uint8_t { none, forwarded, x_forwarded_for };

/// The address of the client: the last in the chain that isn't a trusted proxy. `peer` is the
/// socket's; where that isn't trusted, or has named nobody, it is the answer.
std::string client_address(const http::Head& request, std::string_view peer,
                           const TrustedProxies& trusted, ForwardedField field);

/// The PROXY protocol, version 1 or 2, at the beginning of a connection.
struct ProxyHeader {
  /// How far it has got.
  enum class Status : std::uint8_t { need_more, complete, bad };

  Status status = Status::need_more;
  std::size_t size = 0;      ///< bytes of the header; the connection's begin behind it
  std::string address = {};  ///< of the client; "" where the proxy speaks for itself
};

inline constexpr std::size_t kMaxProxyHeader = 4096;  ///< bytes, more than any proxy writes

/// Reads the header at the beginning of these bytes, of either version.
ProxyHeader read_proxy_header(std::string_view bytes);

}  // namespace kefu::inline v0::net
