// In a program with threads glibc's own recv() and send() begin and end with atomic operations, so
// that a thread can be cancelled in them: some 3 % of what a short message costs. Nobody cancels
// the thread of a loop.
#include "net/transmit.hpp"

#if KEFU_NET_RAW_CALLS

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace kefu::inline v0::net {

ssize_t receive_bytes(int descriptor, void* into, std::size_t size, int flags) noexcept {
  return ::syscall(SYS_recvfrom, descriptor, into, size, flags, nullptr, nullptr);
}

ssize_t send_bytes(int descriptor, const void* bytes, std::size_t size, int flags) noexcept {
  return ::syscall(SYS_sendto, descriptor, bytes, size, flags, nullptr, 0);
}

}  // namespace kefu::inline v0::net

#endif
