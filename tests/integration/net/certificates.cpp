#include "integration/net/certificates.hpp"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace kefu::inline v0::net::testing {
namespace {

void require(bool good) {
  if (!good) throw std::runtime_error("no certificate could be made");
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
  require(extension && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

template <class Write>
void write_file(const std::filesystem::path& path, Write write) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  require(file != nullptr && write(file) == 1);
  std::fclose(file);
}

}  // namespace

Certificate::Certificate(const std::string& common_name, const std::vector<std::string>& names,
                         const Certificate* issuer)
    : key_{EVP_EC_gen("P-256")}, certificate_{X509_new()} {
  std::string folder = (std::filesystem::temp_directory_path() / "kefu-tls-XXXXXX").string();
  require(key_ && certificate_ && ::mkdtemp(folder.data()));
  folder_ = folder;
  constexpr long kDay = 86'400;
  X509_set_version(certificate_, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate_), std::rand());
  X509_gmtime_adj(X509_getm_notBefore(certificate_), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate_), kDay);
  X509_set_pubkey(certificate_, key_);
  X509_NAME* const subject = X509_get_subject_name(certificate_);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate_, issuer ? X509_get_subject_name(issuer->get()) : subject);
  if (!issuer) add_extension(certificate_, NID_basic_constraints, "critical,CA:TRUE");
  std::string alternatives;
  for (const std::string& name : names) {
    alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
  }
  if (!names.empty()) add_extension(certificate_, NID_subject_alt_name, alternatives);
  require(X509_sign(certificate_, issuer ? issuer->key() : key_, EVP_sha256()) != 0);
  write_file(chain(), [&](std::FILE* file) { return PEM_write_X509(file, certificate_); });
  write_file(key_file(), [&](std::FILE* file) {
    return PEM_write_PrivateKey(file, key_, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

Certificate::~Certificate() {
  X509_free(certificate_);
  EVP_PKEY_free(key_);
  std::filesystem::remove_all(folder_);
}

void Certificate::become(const Certificate& other) const {
  constexpr auto kOver = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy_file(other.chain(), chain(), kOver);
  std::filesystem::copy_file(other.key_file(), key_file(), kOver);
}

void ClientContextDeleter::operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }

ClientContext client_context(const Certificate* root, const Certificate* own, int version) {
  ClientContext context{SSL_CTX_new(TLS_client_method())};
  SSL_CTX_set_mode(context.get(),
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (root) {
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_load_verify_file(context.get(), root->chain().c_str());
  }
  if (own) {
    SSL_CTX_use_certificate_file(context.get(), own->chain().c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context.get(), own->key_file().c_str(), SSL_FILETYPE_PEM);
  }
  if (version != 0) {
    // Also below what OpenSSL's defaults allow: it is the server that is to refuse it.
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_min_proto_version(context.get(), version);
    SSL_CTX_set_max_proto_version(context.get(), version);
  }
  return context;
}

bool over_tls() {
  static const bool is = std::getenv("KEFU_TEST_TLS") != nullptr;
  return is;
}

const Tls& any_server() {
  static const Certificate certificate{"server", {"localhost"}};
  static const Tls tls{{.certificates = {certificate.files()}}};
  return tls;
}

SSL_CTX* any_client() {
  static const ClientContext context = client_context();
  return context.get();
}

}  // namespace kefu::inline v0::net::testing
