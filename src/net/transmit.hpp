// Moving bytes between memory and a socket: recv() and send().
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace kefu::inline v0::net {

/// As recv(2).
[[nodiscard]] ssize_t receive_bytes(int descriptor, void* into, std::size_t size,
                                    int flags) noexcept;

/// As send(2).
[[nodiscard]] ssize_t send_bytes(int descriptor, const void* bytes, std::size_t size,
                                 int flags) noexcept;

}  // namespace kefu::inline v0::net
