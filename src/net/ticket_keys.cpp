#include "net/ticket_keys.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

namespace kefu::inline v0::net {
namespace {

constexpr std::size_t kNameSize = 16;
constexpr std::size_t kSecretSize = 32;
constexpr std::size_t kIvSize = 16;

/// In a file they follow each other in this order.
struct Key {
  std::array<unsigned char, kNameSize> name;
  std::array<unsigned char, kSecretSize> cipher;
  std::array<unsigned char, kSecretSize> mac;
};
static_assert(sizeof(Key) == 80);

struct Keys {
  Keys() = default;
  ~Keys() {
    for (Key& key : all) OPENSSL_cleanse(&key, sizeof key);
  }
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  std::vector<Key> all;
};

Key read_key(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  Key key;
  if (!file.read(reinterpret_cast<char*>(&key), sizeof key) ||
      file.peek() != std::ifstream::traits_type::eof()) {
    throw std::runtime_error("TLS: " + path.string() + ": not 80 bytes");
  }
  return key;
}

void free_keys(void*, void* keys, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Keys*>(keys);
}

int keys_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_keys);
  return index;
}

/// What OpenSSL wants of a callback for tickets.
enum Answer : int { kFailed = -1, kUnknown = 0, kGood = 1, kRenew = 2 };

bool prepare_mac(EVP_MAC_CTX* mac, Key& key) {
  std::string digest = "SHA256";
  const std::array<OSSL_PARAM, 3> terms{
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.mac.data(), key.mac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
      OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, terms.data()) == 1;
}

int prepare(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
            EVP_MAC_CTX* mac, int seal) {
  auto& keys = static_cast<Keys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keys_index()))->all;
  if (seal != 0) {
    Key& key = keys.front();
    std::ranges::copy(key.name, name);
    const bool sealed =
        RAND_bytes(iv, kIvSize) == 1 &&
        EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.cipher.data(), iv) == 1 &&
        prepare_mac(mac, key);
    return sealed ? kGood : kFailed;
  }
  const auto at = std::ranges::find_if(keys, [&](const Key& key) {
    return std::ranges::equal(key.name, std::span{name, kNameSize});
  });
  if (at == keys.end()) return kUnknown;
  const bool opened =
      prepare_mac(mac, *at) &&
      EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, at->cipher.data(), iv) == 1;
  if (!opened) return kFailed;
  return at == keys.begin() ? kGood : kRenew;
}

}  // namespace

void use_ticket_keys(SSL_CTX* context, const std::vector<std::filesystem::path>& files) {
  auto keys = std::make_unique<Keys>();
  keys->all.reserve(files.size());  // so that no copy stays behind
  for (const auto& path : files) keys->all.push_back(read_key(path));
  if (SSL_CTX_set_ex_data(context, keys_index(), keys.get()) != 1 ||
      SSL_CTX_set_tlsext_ticket_key_evp_cb(context, prepare) != 1) {
    throw std::runtime_error("TLS: ticket keys");
  }
  keys.release();
}

}  // namespace kefu::inline v0::net
