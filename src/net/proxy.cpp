#include <kefu/net/proxy.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>
#include <stdexcept>

#include "address.hpp"
#include "net/field_text.hpp"

namespace kefu::inline v0::net {
namespace {

/// An address with or without a port: "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80", "::1".
std::optional<AddressBytes> parse_node(std::string_view node) noexcept {
  if (node.starts_with('[')) {
    const std::size_t end = node.find(']');
    return end == std::string_view::npos ? std::nullopt : parse_address(node.substr(1, end - 1));
  }
  if (std::count(node.begin(), node.end(), ':') == 1) node = node.substr(0, node.find(':'));
  return parse_address(node);
}

/// The value of `for` in an element of Forwarded.
std::string_view node_of(std::string_view element) noexcept {
  while (!element.empty()) {
    std::string_view pair = http::next_item(element, ';');
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (!http::equal_any_case(http::trim(pair.substr(0, equals)), "for")) continue;
    std::string_view value = http::trim(pair.substr(std::min(equals + 1, pair.size())));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    return value;
  }
  return {};
}

/// All fields of that name are one list. No address has a comma, quoted or not.
std::vector<std::string_view> chain_of(const http::Head& request, ForwardedField field) {
  const bool standard = field == ForwardedField::forwarded;
  const std::string_view name = standard ? "Forwarded" : "X-Forwarded-For";
  std::vector<std::string_view> chain;
  for (std::size_t i = 0; i < request.field_count(); ++i) {
    if (!http::equal_any_case(request.field_name(i), name)) continue;
    for (std::string_view list = request.field_value(i); !list.empty();) {
      const std::string_view item = http::next_item(list);
      chain.push_back(standard ? node_of(item) : item);
    }
  }
  return chain;
}

constexpr std::string_view kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::string_view kVersion1 = "PROXY ";
constexpr std::size_t kMaxVersion1 = 107;

bool is_port(std::string_view text) noexcept {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port <= 0xffff;
}

ProxyHeader bad() { return {ProxyHeader::Status::bad}; }

ProxyHeader read_version1(std::string_view bytes) {
  const std::size_t end = bytes.substr(0, kMaxVersion1).find("\r\n");
  if (end == std::string_view::npos) return bytes.size() >= kMaxVersion1 ? bad() : ProxyHeader{};
  ProxyHeader header{ProxyHeader::Status::complete, end + 2};
  std::string_view line = bytes.substr(kVersion1.size(), end - kVersion1.size());
  const std::string_view family = http::next_item(line, ' ');
  if (family == "UNKNOWN") return header;
  const auto source = parse_address(http::next_item(line, ' '));
  const auto destination = parse_address(http::next_item(line, ' '));
  const bool ports = is_port(http::next_item(line, ' ')) && is_port(http::next_item(line, ' '));
  if (!source || !destination || !ports || !line.empty()) return bad();
  if (family != (is_v4(*source) ? "TCP4" : "TCP6")) return bad();
  header.address = text_of(*source);
  return header;
}

ProxyHeader read_version2(std::string_view bytes) {
  constexpr std::size_t kFixed = 16;
  if (bytes.size() < kFixed) return {};
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  const std::size_t size = kFixed + (std::size_t{at(14)} << 8 | at(15));
  if (at(12) >> 4 != 2 || (at(12) & 0xf) > 1 || size > kMaxProxyHeader) return bad();
  if (bytes.size() < size) return {};
  ProxyHeader header{ProxyHeader::Status::complete, size};
  const bool local = (at(12) & 0xf) == 0;
  const unsigned family = at(13) >> 4;
  if (local || (family != 1 && family != 2)) return header;
  const std::size_t address_size = family == 1 ? 4 : 16;
  const std::size_t needed = 2 * address_size + 4;
  if (size < kFixed + needed) return bad();
  AddressBytes source{};
  if (family == 1) source[10] = source[11] = 0xff;
  std::memcpy(source.data() + (family == 1 ? kV4Offset : 0), bytes.data() + kFixed, address_size);
  header.address = text_of(source);
  return header;
}

}  // namespace

TrustedProxies::TrustedProxies(const std::vector<std::string>& networks) {
  for (const std::string& text : networks) {
    const auto range = parse_range(text);
    if (!range) throw std::invalid_argument{"not a network: " + text};
    networks_.push_back({range->bytes, static_cast<std::uint8_t>(range->bits)});
  }
}

bool TrustedProxies::contains(std::string_view address) const noexcept {
  const auto bytes = parse_address(address);
  return bytes && std::any_of(networks_.begin(), networks_.end(), [&](const Network& network) {
           return same_bits(*bytes, network.address, network.bits);
         });
}

std::string client_address(const http::Head& request, std::string_view peer,
                           const TrustedProxies& trusted, ForwardedField field) {
  std::string client{peer};
  if (field == ForwardedField::none || !trusted.contains(client)) return client;
  const auto chain = chain_of(request, field);
  // From the nearest on: each was written by the one behind it, so the first that isn't trusted
  // ends what can be believed.
  for (auto node = chain.rbegin(); node != chain.rend(); ++node) {
    const auto address = parse_node(*node);
    if (!address) break;
    client = text_of(*address);
    if (!trusted.contains(client)) break;
  }
  return client;
}

ProxyHeader read_proxy_header(std::string_view bytes) {
  const auto begins = [&](std::string_view with) {
    const std::size_t size = std::min(with.size(), bytes.size());
    return bytes.substr(0, size) == with.substr(0, size);
  };
  if (begins(kVersion1)) {
    return bytes.size() < kVersion1.size() ? ProxyHeader{} : read_version1(bytes);
  }
  if (begins(kSignature)) {
    return bytes.size() < kSignature.size() ? ProxyHeader{} : read_version2(bytes);
  }
  return bad();
}

}  // namespace kefu::inline v0::net
