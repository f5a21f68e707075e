#include "net/url.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace kefu::inline v0::net {
namespace {

[[noreturn]] void refuse(std::string_view text) {
  throw std::invalid_argument("not a URL of the kind that is needed: " + std::string(text));
}

bool is_visible(char c) { return c > 0x20 && c < 0x7f; }

bool is_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value > 0 && value < 65'536;
}

}  // namespace

Url parse_url(std::string_view text, std::string_view scheme) {
  Url url;
  std::string_view rest = text;
  if (!rest.starts_with(scheme)) refuse(text);
  rest.remove_prefix(scheme.size());
  url.secure = rest.starts_with('s');
  if (url.secure) rest.remove_prefix(1);
  if (!rest.starts_with("://")) refuse(text);
  rest.remove_prefix(3);
  if (!std::ranges::all_of(rest, is_visible) || rest.find_first_of("@#") != std::string_view::npos)
    refuse(text);
  const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, path);
  url.target = rest.substr(path);
  if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');

  std::size_t host_end = authority.find(':');
  if (authority.starts_with('[')) {
    host_end = authority.find(']');
    if (host_end == std::string_view::npos) refuse(text);
    url.host = authority.substr(1, host_end - 1);
    ++host_end;
  } else {
    url.host = authority.substr(0, host_end);
  }
  host_end = std::min(host_end, authority.size());
  const std::string_view port = authority.substr(host_end);
  const std::string_view standard = url.secure ? "443" : "80";
  if (url.host.empty() || (!port.empty() && (port[0] != ':' || !is_port(port.substr(1)))))
    refuse(text);
  url.port = port.empty() ? standard : port.substr(1);
  url.authority = url.port == standard ? authority.substr(0, host_end) : authority;
  return url;
}

}  // namespace kefu::inline v0::net
