#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/link_quality.hpp"

namespace kefu::inline v0::net {

std::optional<LinkQuality> link_quality_of(int descriptor) noexcept {
  constexpr std::int64_t kMicrosecond = 1000;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  return LinkQuality{.round_trip = Nanoseconds{info.tcpi_rtt * kMicrosecond},
                     .round_trip_variation = Nanoseconds{info.tcpi_rttvar * kMicrosecond},
                     .retransmits = info.tcpi_total_retrans};
}

}  // namespace kefu::inline v0::net
