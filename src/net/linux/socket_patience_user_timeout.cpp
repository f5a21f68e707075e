#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "net/socket_patience.hpp"

namespace kefu::inline v0::net {

void set_patience(int descriptor, Nanoseconds patience) noexcept {
  constexpr std::int64_t kMillisecond = 1'000'000;
  const auto ms = static_cast<unsigned>(patience.count() / kMillisecond);
  (void)::setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
}

}  // namespace kefu::inline v0::net
