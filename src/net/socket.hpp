// Socket: a connected, non-blocking stream, plain or under TLS. What reads and writes a
// connection's bytes goes through here; where nobody sees them, zero_copy.hpp.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "net/io_result.hpp"
#include "net/tls_stream.hpp"

namespace kefu::inline v0::net {

/// A descriptor, closed when it goes.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) noexcept : descriptor_{descriptor} {}
  Socket(Socket&& other) noexcept
      : descriptor_{std::exchange(other.descriptor_, -1)}, tls_{std::move(other.tls_)} {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(tls_, other.tls_);
    return *this;
  }
  ~Socket();

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  explicit operator bool() const noexcept { return descriptor_ >= 0; }

  /// From here on everything goes through TLS.
  void use(TlsStream tls) noexcept { tls_ = std::move(tls); }
  [[nodiscard]] const TlsStream& tls() const noexcept { return tls_; }

  [[nodiscard]] IoResult read(std::span<std::byte> into) noexcept;
  [[nodiscard]] IoResult write(std::span<const iovec> parts) noexcept;

  /// What comes next, which stays where it is. Before TLS only.
  [[nodiscard]] IoResult peek(std::span<std::byte> into) noexcept;

  /// Says that nothing more will be written. Reading goes on.
  void end_writing() noexcept;

 private:
  [[nodiscard]] IoResult receive(std::span<std::byte> into, int flags) noexcept;
  [[nodiscard]] IoResult write_plain(std::span<const iovec> parts) noexcept;

  int descriptor_ = -1;
  TlsStream tls_;
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

}  // namespace kefu::inline v0::net
