// Certificates made for a test, and what the tests need to run over TLS.
#pragma once

#include <openssl/types.h>

#include <filesystem>
#include <kefu/net/tls.hpp>
#include <memory>
#include <string>
#include <vector>

namespace kefu::inline v0::net::testing {

/// A key and a certificate for it, as files in a folder of its own.
class Certificate {
 public:
  /// Signed by `issuer`, or by itself where there is none. `names` are DNS names.
  Certificate(const std::string& common_name, const std::vector<std::string>& names,
              const Certificate* issuer = nullptr);
  ~Certificate();
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  [[nodiscard]] TlsCertificate files() const { return {chain(), key_file()}; }
  [[nodiscard]] std::filesystem::path chain() const { return folder_ / "chain.pem"; }
  [[nodiscard]] std::filesystem::path key_file() const { return folder_ / "key.pem"; }
  /// Overwrites the files with those of another.
  void become(const Certificate& other) const;
  [[nodiscard]] X509* get() const noexcept { return certificate_; }
  [[nodiscard]] EVP_PKEY* key() const noexcept { return key_; }

 private:
  std::filesystem::path folder_;
  EVP_PKEY* key_ = nullptr;
  X509* certificate_ = nullptr;
};

struct ClientContextDeleter {
  void operator()(SSL_CTX* context) const noexcept;
};
using ClientContext = std::unique_ptr<SSL_CTX, ClientContextDeleter>;

/// A client's context that trusts `root`, or anyone; with a certificate of its own where there is
/// one. `version` is TLS1_2_VERSION, say, or 0 for any.
ClientContext client_context(const Certificate* root = nullptr, const Certificate* own = nullptr,
                             int version = 0);

/// Whether the environment says that all tests run over TLS; and what they then use.
bool over_tls();
const Tls& any_server();
SSL_CTX* any_client();

}  // namespace kefu::inline v0::net::testing
