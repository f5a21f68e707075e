#include "nats/address.hpp"

#include <algorithm>
#include <stdexcept>

namespace kefu::inline v0::nats {
namespace {

constexpr std::size_t kLongestTopic = 1024;  // the server allows 4 KiB a line
constexpr std::size_t kLongestPrefix = 256;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

/// A dot that has something on both sides of it.
bool parts_tokens(std::string_view text, std::size_t at) {
  return at > 0 && at + 1 < text.size() && text[at] == '.' && text[at - 1] != '.';
}

bool is_port(std::string_view port) {
  return !port.empty() && port.size() <= 5 &&
         std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
}

Address address_of(std::string_view url) {
  const std::invalid_argument wrong("not the URL of a NATS server");  // it may hold a password
  const std::size_t colon = url.find("://");
  const std::string_view scheme = url.substr(0, colon);
  if (colon == url.npos || (scheme != "nats" && scheme != "tls")) throw wrong;
  std::string_view place = url.substr(colon + 3);
  if (const std::size_t at = place.rfind('@'); at != place.npos) place.remove_prefix(at + 1);
  while (!place.empty() && place.back() == '/') place.remove_suffix(1);
  Address address{std::string(url), {}, std::string(place), scheme == "tls"};
  std::string_view rest;
  if (place.starts_with('[')) {
    const std::size_t end = place.find(']');
    if (end == place.npos) throw wrong;
    address.host = place.substr(1, end - 1);
    rest = place.substr(end + 1);
  } else {
    const std::size_t end = std::min(place.find(':'), place.size());
    address.host = place.substr(0, end);
    rest = place.substr(end);
  }
  const bool good = rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
  if (address.host.empty() || !good) throw wrong;
  return address;
}

}  // namespace

std::vector<Address> addresses_of(std::string_view urls) {
  std::vector<Address> all;
  while (true) {
    const std::size_t end = std::min(urls.find(','), urls.size());
    std::string_view one = urls.substr(0, end);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    all.push_back(address_of(one));
    if (end == urls.size()) return all;
    urls.remove_prefix(end + 1);
  }
}

bool is_prefix(std::string_view prefix) {
  if (prefix.size() > kLongestPrefix) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    if (!is_plain(prefix[i]) && !parts_tokens(prefix, i)) return false;
  }
  return true;
}

std::optional<std::string> subject_of(std::string_view prefix, std::string_view topic) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string subject(prefix);
  if (!subject.empty()) subject += '.';
  const std::size_t before = subject.size();
  for (std::size_t i = 0; i < topic.size(); ++i) {
    const auto byte = static_cast<unsigned char>(topic[i]);
    if (is_plain(topic[i]) || parts_tokens(topic, i)) {
      subject += topic[i];
    } else {
      subject += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
    if (subject.size() - before > kLongestTopic) return std::nullopt;
  }
  if (topic.empty()) subject += '%';
  return subject;
}

}  // namespace kefu::inline v0::nats
