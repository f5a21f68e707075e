// Socket: a connected, non-blocking stream. What reads and writes a connection's bytes goes through
// here, and nothing else does.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

namespace kefu::net {

enum class IoStatus : std::uint8_t {
  done,         ///< `bytes` were moved; fewer than asked for means that the rest would block
  would_block,  ///< none were
  ended,        ///< reading: the peer has sent its last byte
  failed,       ///< the connection is broken
};

struct IoResult {
  IoStatus status = IoStatus::done;
  std::size_t bytes = 0;
};

/// A descriptor, closed when it goes.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) noexcept : descriptor_{descriptor} {}
  Socket(Socket&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~Socket();

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  explicit operator bool() const noexcept { return descriptor_ >= 0; }

  [[nodiscard]] IoResult read(std::span<std::byte> into) noexcept;
  [[nodiscard]] IoResult write(std::span<const iovec> parts) noexcept;

  /// Says that nothing more will be written. Reading goes on.
  void end_writing() noexcept;

 private:
  int descriptor_ = -1;
};

enum class AcceptStatus : std::uint8_t {
  accepted,
  would_block,  ///< nobody is waiting
  gone,         ///< whoever was waiting has left; try again
  exhausted,    ///< no descriptors or memory left for now
};

struct Accepted {
  AcceptStatus status = AcceptStatus::would_block;
  Socket socket;
  std::string peer;  ///< numeric address, without the port
};

/// The next connection of a listening, non-blocking descriptor.
Accepted accept_from(int listening);

}  // namespace kefu::net
