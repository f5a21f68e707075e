#include "net/transmit.hpp"

#if !KEFU_NET_RAW_CALLS

#include <sys/socket.h>

namespace kefu::inline v0::net {

ssize_t receive_bytes(int descriptor, void* into, std::size_t size, int flags) noexcept {
  return ::recv(descriptor, into, size, flags);
}

ssize_t send_bytes(int descriptor, const void* bytes, std::size_t size, int flags) noexcept {
  return ::send(descriptor, bytes, size, flags);
}

}  // namespace kefu::inline v0::net

#endif
