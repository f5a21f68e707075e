// TlsStream: the TLS of one connection, on a descriptor that is someone else's.
#pragma once

#include <openssl/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "net/io_result.hpp"

namespace kefu::inline v0::net {

class Tls;

struct SslDeleter {
  void operator()(SSL* ssl) const noexcept;
};

/// OpenSSL reads and writes the descriptor by itself, through a BIO of ours, so that nothing is
/// held for a connection but OpenSSL's own state, without its buffers while they are empty. The
/// handshake happens inside the first reads and writes.
class TlsStream {
 public:
  TlsStream() = default;
  /// The server's side. Empty when there is no memory.
  TlsStream(const Tls& tls, int descriptor);
  /// Takes over an SSL that has its method and side.
  TlsStream(SSL* ssl, int descriptor);

  explicit operator bool() const noexcept { return ssl_ != nullptr; }

  [[nodiscard]] IoResult read(std::span<std::byte> into) noexcept;
  [[nodiscard]] IoResult write(std::span<const iovec> parts) noexcept;
  /// Says that nothing more will be written, as far as there is room for it.
  void end_writing() noexcept;

  /// Whether a read that would block waits until it can write.
  [[nodiscard]] bool read_awaits_writable() const noexcept;
  /// Whether there is decrypted data that the next read gets without the network.
  [[nodiscard]] bool has_pending() const noexcept;
  /// Of the peer's certificate, which was verified: "CN=..,O=.." as in RFC 2253, or "".
  [[nodiscard]] std::string subject() const;
  [[nodiscard]] SSL* handle() const noexcept { return ssl_.get(); }

 private:
  IoResult failure(int result) noexcept;

  std::unique_ptr<SSL, SslDeleter> ssl_;
};

}  // namespace kefu::inline v0::net
