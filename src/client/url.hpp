// A WebSocket's URL, taken apart.
#pragma once

#include <string>
#include <string_view>

namespace kefu::client {

struct Url {
  bool secure = false;    ///< wss
  std::string host;       ///< to connect to; an IPv6 address without brackets
  std::string port;       ///< in digits
  std::string authority;  ///< for the field Host: as in the URL, without a default port
  std::string target;     ///< path and query
};

/// Throws std::invalid_argument for what is no "ws://" or "wss://" URL.
[[nodiscard]] Url parse_url(std::string_view text);

}  // namespace kefu::client
