// A URL that something connects to, taken apart.
#pragma once

#include <string>
#include <string_view>

namespace kefu::inline v0::net {

struct Url {
  bool secure = false;    ///< wss, https
  std::string host;       ///< to connect to; an IPv6 address without brackets
  std::string port;       ///< in digits
  std::string authority;  ///< for the field Host: as in the URL, without a default port
  std::string target;     ///< path and query
};

/// `scheme` is "ws" or "http"; with an s behind it is secure. Throws std::invalid_argument for what
/// is no such URL, or names a user.
[[nodiscard]] Url parse_url(std::string_view text, std::string_view scheme);

}  // namespace kefu::inline v0::net
