#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "net/ticket_keys.hpp"

namespace kefu::inline v0::net {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::hours kTicketKeyLife{24};
constexpr std::size_t kTicketKeySize = 80;  // name, HMAC key and AES key of OpenSSL's own tickets

struct ContextDeleter {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, ContextDeleter>;

/// The contexts of all names but the first. They live as long as that, which each connection keeps
/// alive.
using OtherContexts = std::vector<Context>;

std::string last_error() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  ERR_clear_error();
  return text.data();
}

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("TLS: " + what + ": " + last_error());
}

void free_others(void*, void* others, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<OtherContexts*>(others);
}

int others_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_others);
  return index;
}

bool serves(SSL_CTX* context, std::string_view name) noexcept {
  X509* const certificate = SSL_CTX_get0_certificate(context);
  return X509_check_host(certificate, name.data(), name.size(), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                         nullptr) == 1;
}

int choose_context(SSL* ssl, int*, void*) {
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  SSL_CTX* const first = SSL_get_SSL_CTX(ssl);
  if (!name || serves(first, name)) return SSL_TLSEXT_ERR_OK;
  const auto* const others =
      static_cast<OtherContexts*>(SSL_CTX_get_ex_data(first, others_index()));
  for (const Context& other : *others) {
    if (!serves(other.get(), name)) continue;
    SSL_set_SSL_CTX(ssl, other.get());
    break;
  }
  return SSL_TLSEXT_ERR_OK;
}

/// HTTP/1.1 is all there is here; a client that names protocols must name that.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned size, void*) {
  constexpr std::string_view kHttp = "http/1.1";
  for (unsigned at = 0; at < size; at += 1u + offered[at]) {
    const std::string_view name{reinterpret_cast<const char*>(offered + at + 1), offered[at]};
    if (name != kHttp) continue;
    *out = offered + at + 1;
    *out_size = offered[at];
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

Context make_context(const TlsOptions& options, const TlsCertificate& certificate) {
  Context context{SSL_CTX_new(TLS_server_method())};
  if (!context) fail("no context");
  SSL_CTX* const ctx = context.get();
  SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);  // tickets only: nothing is held here
  SSL_CTX_set_num_tickets(ctx, 1);
  constexpr std::array<unsigned char, 4> kId{'k', 'e', 'f', 'u'};
  SSL_CTX_set_session_id_context(ctx, kId.data(), kId.size());
  SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, nullptr);
  if (SSL_CTX_set_cipher_list(ctx, options.ciphers.c_str()) != 1) fail(options.ciphers);
  if (SSL_CTX_use_certificate_chain_file(ctx, certificate.chain.c_str()) != 1) {
    fail(certificate.chain.string());
  }
  if (SSL_CTX_use_PrivateKey_file(ctx, certificate.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(ctx) != 1) {
    fail(certificate.key.string());
  }
  if (!options.ticket_keys.empty()) use_ticket_keys(ctx, options.ticket_keys);
  if (options.client_certificates == ClientCertificates::none) return context;
  const char* const roots = options.client_roots.c_str();
  if (SSL_CTX_load_verify_locations(ctx, roots, nullptr) != 1) fail(roots);
  SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(roots));
  const bool required = options.client_certificates == ClientCertificates::required;
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  return context;
}

Context make_contexts(const TlsOptions& options) {
  if (options.certificates.empty()) throw std::runtime_error("TLS: no certificate");
  Context first = make_context(options, options.certificates.front());
  auto others = std::make_unique<OtherContexts>();
  for (std::size_t i = 1; i < options.certificates.size(); ++i) {
    others->push_back(make_context(options, options.certificates[i]));
  }
  if (SSL_CTX_set_ex_data(first.get(), others_index(), others.get()) != 1) fail("no context");
  others.release();
  SSL_CTX_set_tlsext_servername_callback(first.get(), choose_context);
  return first;
}

/// Tickets are sealed by the first context, whatever the name.
void copy_ticket_keys(SSL_CTX* from, SSL_CTX* to) {
  std::array<unsigned char, kTicketKeySize> keys;
  if (SSL_CTX_get_tlsext_ticket_keys(from, keys.data(), keys.size()) != 1 ||
      SSL_CTX_set_tlsext_ticket_keys(to, keys.data(), keys.size()) != 1) {
    fail("ticket keys");
  }
  OPENSSL_cleanse(keys.data(), keys.size());
}

}  // namespace

struct Tls::State {
  TlsOptions options;
  mutable std::mutex mutex;
  Context current;
  steady_clock::time_point keys_made = steady_clock::now();
};

Tls::Tls(TlsOptions options) : state_{std::make_unique<State>()} {
  state_->options = std::move(options);
  state_->current = make_contexts(state_->options);
}

Tls::~Tls() = default;

void Tls::reload() {
  Context fresh = make_contexts(state_->options);
  const auto now = steady_clock::now();
  const std::lock_guard lock{state_->mutex};
  if (!state_->options.ticket_keys.empty()) {
    // They were read with the rest.
  } else if (now - state_->keys_made < kTicketKeyLife) {
    copy_ticket_keys(state_->current.get(), fresh.get());
  } else {
    state_->keys_made = now;
  }
  state_->current = std::move(fresh);
}

SSL* TlsAccess::new_session(const Tls& tls) {
  const std::lock_guard lock{tls.state_->mutex};
  SSL* const ssl = SSL_new(tls.state_->current.get());
  if (ssl) SSL_set_accept_state(ssl);
  return ssl;
}

}  // namespace kefu::inline v0::net
