#include "net/public_address.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace kefu::inline v0::net {
namespace {

struct Network4 {
  std::uint32_t address;
  unsigned bits;
};
constexpr Network4 kSpecial4[] = {
    {0x00000000, 8},   // this network
    {0x0a000000, 8},   // 10/8, private
    {0x64400000, 10},  // 100.64/10, shared behind a carrier
    {0x7f000000, 8},   // loopback
    {0xa9fe0000, 16},  // 169.254/16, link-local, and where clouds serve their metadata
    {0xac100000, 12},  // 172.16/12, private
    {0xc0000000, 24},  // 192.0.0/24, protocol assignments
    {0xc0000200, 24},  // documentation
    {0xc0586300, 24},  // 6to4 relays
    {0xc0a80000, 16},  // 192.168/16, private
    {0xc6120000, 15},  // 198.18/15, benchmarks
    {0xc6336400, 24},  // documentation
    {0xcb007100, 24},  // documentation
    {0xe0000000, 3},   // multicast, reserved, broadcast
};

bool is_public(std::uint32_t address) noexcept {
  return std::ranges::none_of(kSpecial4, [address](const Network4& network) {
    return (address ^ network.address) >> (32 - network.bits) == 0;
  });
}

/// Global unicast (2000::/3) without Teredo, ORCHID and the like (2001::/23), documentation and
/// 6to4.
bool is_public(const asio::ip::address_v6::bytes_type& bytes) noexcept {
  const auto group = [&](std::size_t i) {
    return static_cast<std::uint16_t>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
  };
  if ((group(0) & 0xe000) != 0x2000 || group(0) == 0x2002) return false;
  if (group(0) == 0x3fff && group(1) < 0x1000) return false;
  return group(0) != 0x2001 || (group(1) >= 0x0200 && group(1) != 0x0db8);
}

}  // namespace

bool is_public(const asio::ip::address& address) noexcept {
  if (address.is_v4()) return is_public(address.to_v4().to_uint());
  const asio::ip::address_v6 v6 = address.to_v6();
  const auto bytes = v6.to_bytes();
  if (!v6.is_v4_mapped()) return is_public(bytes);
  std::uint32_t v4 = 0;
  for (std::size_t i = 12; i < bytes.size(); ++i) v4 = v4 << 8 | bytes[i];
  return is_public(v4);
}

}  // namespace kefu::inline v0::net
