#include <kefu/net/upgrade.hpp>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <new>
#include <span>

#include "net/field_text.hpp"

namespace kefu::inline v0::net {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::string_view kVersion = "13";
constexpr std::size_t kKeySize = 24;  // 16 bytes in base64

std::string base64(std::span<const unsigned char> bytes) {
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends it with NUL
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes.data(),
                  static_cast<int>(bytes.size()));
  out.pop_back();
  return out;
}

std::string key_from_nonce(const std::array<std::byte, 16>& nonce) {
  return base64({reinterpret_cast<const unsigned char*>(nonce.data()), nonce.size()});
}

bool is_key(std::string_view key) noexcept {
  const auto is_digit = [](char c) {
    const char lower = http::to_lower(c);
    return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
  };
  return key.size() == kKeySize && key.ends_with("==") &&
         std::all_of(key.begin(), key.end() - 2, is_digit);
}

/// Subprotocols are tokens with case, unlike the items of Connection and Upgrade.
bool offers(const http::Head& request, std::string_view subprotocol) noexcept {
  for (std::size_t i = 0; i < request.field_count(); ++i) {
    if (!http::equal_any_case(request.field_name(i), "Sec-WebSocket-Protocol")) continue;
    for (std::string_view list = request.field_value(i); !list.empty();) {
      if (http::next_item(list) == subprotocol) return true;
    }
  }
  return false;
}

/// The client's offers stand in order of its preference, over all fields of that name.
void agree_on_deflate(const http::Head& request, Upgrade& upgrade) {
  for (std::size_t i = 0; i < request.field_count(); ++i) {
    if (!http::equal_any_case(request.field_name(i), "Sec-WebSocket-Extensions")) continue;
    if (auto agreement = websocket::answer_deflate_offers(request.field_value(i))) {
      upgrade.deflate = agreement->window;
      upgrade.response.set("Sec-WebSocket-Extensions", agreement->response);
      return;
    }
  }
}

Upgrade refuse(int status, std::string_view detail) {
  return {.response = http::text_response(status, detail)};
}

Upgrade refuse_version() {
  Upgrade refusal = refuse(426, "WebSocket version 13 is needed");
  refusal.response.set("Sec-WebSocket-Version", kVersion).set("Upgrade", "websocket");
  refusal.response.set("Connection", "Upgrade");
  return refusal;
}

}  // namespace

bool is_allowed_origin(const http::Head& request, const std::vector<std::string>& allowed) {
  const auto origin = request.find("Origin");
  if (allowed.empty() || !origin) return true;
  if (request.count("Origin") != 1) return false;
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& candidate) {
    return http::equal_any_case(candidate, *origin);
  });
}

std::string accept_key(std::string_view key) {
  const std::string salted = std::string{key}.append(kGuid);
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  // Looked up once: that costs more than the digest.
  static EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  if (EVP_Digest(salted.data(), salted.size(), digest.data(), nullptr, sha1, nullptr) != 1)
    throw std::bad_alloc{};
  return base64(digest);
}

Upgrade answer_upgrade(const http::Head& request, const UpgradeOptions& options) {
  if (request.method() != "GET") {
    Upgrade refusal = refuse(405, "a WebSocket is opened with GET");
    refusal.response.set("Allow", "GET");
    return refusal;
  }
  if (request.minor_version() < 1) return refuse(400, "HTTP/1.1 is needed");
  if (request.chunked() || request.content_length().value_or(0) != 0) {
    return refuse(400, "a body is not allowed here");
  }
  if (!request.has_item("Upgrade", "websocket") || !request.has_item("Connection", "Upgrade")) {
    return refuse_version();
  }
  if (request.count("Sec-WebSocket-Version") != 1 ||
      request.find("Sec-WebSocket-Version") != kVersion) {
    return refuse_version();
  }
  const std::string_view key = request.find("Sec-WebSocket-Key").value_or("");
  if (request.count("Sec-WebSocket-Key") != 1 || !is_key(key)) {
    return refuse(400, "bad Sec-WebSocket-Key");
  }
  if (!is_allowed_origin(request, options.allowed_origins)) {
    return refuse(403, "this origin is not allowed");
  }
  Upgrade upgrade;
  upgrade.subprotocol_chosen = offers(request, options.subprotocol);
  if (!upgrade.subprotocol_chosen && request.count("Sec-WebSocket-Protocol") != 0) {
    return refuse(400, "none of the offered subprotocols is spoken here");
  }
  upgrade.response.status = 101;
  upgrade.response.set("Upgrade", "websocket").set("Connection", "Upgrade");
  upgrade.response.set("Sec-WebSocket-Accept", accept_key(key));
  if (upgrade.subprotocol_chosen) {
    upgrade.response.set("Sec-WebSocket-Protocol", options.subprotocol);
  }
  if (options.deflate) agree_on_deflate(request, upgrade);
  return upgrade;
}

std::string write_upgrade_request(const UpgradeRequest& request) {
  std::vector<http::Response::Field> fields{{"Host", request.host},
                                            {"Upgrade", "websocket"},
                                            {"Connection", "Upgrade"},
                                            {"Sec-WebSocket-Version", std::string{kVersion}},
                                            {"Sec-WebSocket-Key", key_from_nonce(request.nonce)}};
  if (!request.origin.empty()) fields.push_back({"Origin", request.origin});
  if (!request.subprotocol.empty()) {
    fields.push_back({"Sec-WebSocket-Protocol", request.subprotocol});
  }
  return http::write_request_head("GET", request.target, fields);
}

UpgradeError check_upgrade_response(const http::Head& response, const UpgradeRequest& request) {
  if (response.status() != 101) return UpgradeError::refused;
  if (!response.has_item("Upgrade", "websocket") || !response.has_item("Connection", "Upgrade")) {
    return UpgradeError::bad_upgrade;
  }
  if (response.find("Sec-WebSocket-Accept") != accept_key(key_from_nonce(request.nonce))) {
    return UpgradeError::bad_accept;
  }
  const auto chosen = response.find("Sec-WebSocket-Protocol");
  if (chosen && *chosen != request.subprotocol) return UpgradeError::bad_subprotocol;
  if (response.find("Sec-WebSocket-Extensions")) return UpgradeError::bad_extension;
  return UpgradeError::none;
}

}  // namespace kefu::inline v0::net
