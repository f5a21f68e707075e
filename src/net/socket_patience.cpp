#include "net/socket_patience.hpp"

#if !KEFU_NET_LINUX

namespace kefu::net {

void set_patience(int, Nanoseconds) noexcept {}

}  // namespace kefu::net

#endif
