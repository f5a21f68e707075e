#include "demo.hpp"

#include <fmt/format.h>
#include <kefu/clock.hpp>

#include <algorithm>
#include <utility>

namespace helpdesk {
namespace {

using kefu::net::http::query_parameter;
using kefu::net::http::Response;
using kefu::net::http::text_response;

constexpr kefu::Nanoseconds kTokenLife{3'600'000'000'000};  // an hour; the pages renew it
constexpr std::size_t kMaxId = 64;

/// A page of another site that had its name point at 127.0.0.1 would ask with that name.
bool asks_for_loopback(const kefu::net::Request& request) {
  std::string host(request.head.find("Host").value_or(""));
  if (const std::size_t colon = host.rfind(':'); colon != std::string::npos && host.back() != ']')
    host.resize(colon);
  return host == "localhost" || host == "[::1]" || is_loopback(host);
}

Response token(const kefu::net::Request& request, const kefu::JwtKeys& keys, PageRights rights) {
  if (!asks_for_loopback(request)) return text_response(403, "the demo serves this machine only");
  const auto role =
      kefu::role_from_name(query_parameter(request.head.query(), "role").value_or(""));
  const std::string id = query_parameter(request.head.query(), "id").value_or("");
  if (!role || *role == kefu::Role::bot)
    return text_response(400, "role: visitor, agent or supervisor");
  const auto plain = [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  if (id.empty() || id.size() > kMaxId || !std::ranges::all_of(id, plain)) {
    return text_response(400, "id: 1 to 64 printable ASCII characters without quotes and spaces");
  }
  const bool verified = query_parameter(request.head.query(), "verified").value_or("") == "1";
  const kefu::Identity identity{{id, *role}, kefu::SystemClock().now() + kTokenLife, verified};
  Response response;
  response.set("Content-Type", "application/json");
  response.set("Cache-Control", "no-store");
  response.body = fmt::format(R"({{"token":"{}","expires_at":"{}","files":{},"preview":{}}})",
                              keys.sign(identity), identity.expires_at.to_string(), rights.files,
                              rights.preview);
  return response;
}

}  // namespace

bool is_loopback(const std::string& address) {
  return address == "::1" || address.starts_with("127.");
}

void serve_demo_tokens(kefu::net::Server& server, const kefu::JwtKeys& keys, PageRights rights) {
  server.get("/demo/token", [&keys, rights](const kefu::net::Request& request) {
    return token(request, keys, rights);
  });
}

}  // namespace helpdesk
