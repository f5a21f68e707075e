#include "net/socket_patience.hpp"

#if !KEFU_NET_LINUX

namespace kefu::inline v0::net {

void set_patience(int, Nanoseconds) noexcept {}

}  // namespace kefu::inline v0::net

#endif
