#include "net/webhook_signature.hpp"
#include "hmac.hpp"

#include <openssl/evp.h>

#include <array>
#include <new>
#include <stdexcept>

namespace kefu::inline v0::net {
namespace {

constexpr std::string_view kPrefix = "whsec_";
constexpr std::size_t kMinKey = 24;
constexpr std::size_t kMaxKey = 64;

unsigned char* writable(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string encode_base64(std::string_view in) {
  std::string out(4 * ((in.size() + 2) / 3) + 1, '\0');  // OpenSSL adds a zero
  EVP_EncodeBlock(writable(out), bytes(in), static_cast<int>(in.size()));
  out.pop_back();
  return out;
}

std::string decode_base64(std::string_view in) {
  constexpr std::size_t kMostPadding = 2;
  std::string out(3 * (in.size() / 4), '\0');
  if (in.size() % 4 != 0 || in.size() - (in.find_last_not_of('=') + 1) > kMostPadding ||
      EVP_DecodeBlock(writable(out), bytes(in), static_cast<int>(in.size())) < 0)
    throw std::invalid_argument("webhook: a secret with whsec_ is not base64");
  for (; in.ends_with('='); in.remove_suffix(1)) out.pop_back();
  return out;
}

}  // namespace

std::vector<std::string> webhook_keys(const std::vector<std::string>& secrets) {
  std::vector<std::string> keys;
  for (const std::string& secret : secrets) {
    keys.push_back(secret.starts_with(kPrefix)
                       ? decode_base64(std::string_view(secret).substr(kPrefix.size()))
                       : secret);
    if (keys.back().size() < kMinKey || keys.back().size() > kMaxKey)
      throw std::invalid_argument("webhook: a secret needs 24 to 64 bytes");
  }
  if (keys.empty()) throw std::invalid_argument("webhook: no secret");
  return keys;
}

std::string webhook_signatures(const std::vector<std::string>& keys, std::string_view id,
                               std::string_view timestamp, std::string_view body) {
  std::string text;
  text.reserve(id.size() + timestamp.size() + body.size() + 2);
  text.append(id).append(".").append(timestamp).append(".").append(body);
  std::string out;
  for (const std::string& key : keys) {
    const auto digest = hmac_sha256(key, text);
    if (!digest) throw std::bad_alloc();
    if (!out.empty()) out += ' ';
    out += "v1,";
    out += encode_base64({reinterpret_cast<const char*>(digest->data()), digest->size()});
  }
  return out;
}

}  // namespace kefu::inline v0::net
