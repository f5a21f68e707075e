// Tls: certificates and terms under which servers speak TLS.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace kefu::inline v0::net {

/// A certificate with its chain, and its key.
struct TlsCertificate {
  std::filesystem::path chain;  ///< PEM: the certificate, then those that lead to its root
  std::filesystem::path key;    ///< PEM, without a passphrase
};

/// Whether clients must prove who they are.
enum class ClientCertificates : std::uint8_t {
  none,      ///< not asked for
  optional,  ///< asked for; who has none is served, who has a bad one is not
  required,  ///< who has none is not served
};

/// How a server proves who it is, and what it asks of clients.
struct TlsOptions {
  /// The server name that a client asks for is looked up in their subject alternative names,
  /// wildcards included. The first serves those who ask for no name or for another.
  std::vector<TlsCertificate> certificates;
  ClientCertificates client_certificates = ClientCertificates::none;
  std::filesystem::path client_roots = {};  ///< PEM: who may have signed a client's certificate
  /// Of TLS 1.2, in OpenSSL's notation; those of 1.3 are OpenSSL's.
  std::string ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
  /// What seals session tickets, for servers that take each other's: files of 80 random bytes. The
  /// first seals, all of them open. Empty: each Tls makes a key of its own.
  std::vector<std::filesystem::path> ticket_keys = {};
};

/// TLS 1.2 and 1.3, with tickets for resumption and without renegotiation, compression or early
/// data. Servers that use it get every new connection under its current certificates.
///
/// Threading: reload() in any thread. Lifetime: it outlives the servers that were given it.
class Tls {
 public:
  /// Throws std::runtime_error, which says which file is bad and why.
  explicit Tls(TlsOptions options);
  ~Tls();
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  /// Reads the files again, those of the ticket keys too. Open connections go on as they are, and
  /// tickets stay valid as long as their key is among them; a key that was made here changes when
  /// it is a day old. Throws like the constructor, and then nothing has changed.
  void reload();

 private:
  friend struct TlsAccess;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kefu::inline v0::net
