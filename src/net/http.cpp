#include <kefu/net/http.hpp>

#include <algorithm>
#include <cassert>
#include <iterator>

#include "net/field_text.hpp"

namespace kefu::inline v0::net::http {
namespace {

constexpr std::size_t kUsualHead = 256;

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  std::transform(value.begin(), value.end(), std::back_inserter(out), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f ? ' ' : c;
  });
  out.append("\r\n");
}

constexpr bool has_no_body(int status) noexcept {
  return status < 200 || status == 204 || status == 304;
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 423:
      return "Locked";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 460:
      return "Checksum Mismatch";  // tus
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Unknown";
  }
}

Response& Response::set(std::string_view name, std::string_view value) {
  for (Field& field : fields) {
    if (!equal_any_case(field.name, name)) continue;
    field.value = value;
    return *this;
  }
  fields.push_back({std::string{name}, std::string{value}});
  return *this;
}

std::string_view Response::field(std::string_view name) const noexcept {
  for (const Field& field : fields) {
    if (equal_any_case(field.name, name)) return field.value;
  }
  return {};
}

Response text_response(int status, std::string_view detail) {
  Response response;
  response.status = status;
  response.set("Content-Type", "text/plain; charset=utf-8");
  response.body = detail.empty() ? reason_phrase(status) : detail;
  response.body += '\n';
  return response;
}

std::string write_head(const Response& response, bool keep_alive, int minor_version) {
  std::string out;
  out.reserve(kUsualHead);
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  out.append(reason_phrase(response.status)).append("\r\n");
  for (const Response::Field& field : response.fields) append_field(out, field.name, field.value);
  if ((response.more || response.more_later) && !response.length) {
    if (minor_version != 0) append_field(out, "Transfer-Encoding", "chunked");
  } else if (!has_no_body(response.status)) {
    append_field(out, "Content-Length",
                 std::to_string(response.body.size() + response.length.value_or(0)));
  }
  if (!keep_alive) append_field(out, "Connection", "close");
  return out.append("\r\n");
}

std::string write_request_head(std::string_view method, std::string_view target,
                               const std::vector<Response::Field>& fields) {
  [[maybe_unused]] const auto is_visible = [](char c) { return c > 0x20 && c < 0x7f; };
  assert(std::all_of(method.begin(), method.end(), is_visible));
  assert(std::all_of(target.begin(), target.end(), is_visible));
  std::string out;
  out.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
  for (const Response::Field& field : fields) append_field(out, field.name, field.value);
  return out.append("\r\n");
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

std::optional<std::string> query_parameter(std::string_view query, std::string_view name) {
  const auto decode = [](std::string_view text) {
    std::string spaced{text};
    std::replace(spaced.begin(), spaced.end(), '+', ' ');
    return percent_decode(spaced);
  };
  while (!query.empty()) {
    const std::string_view pair = next_item(query, '&');
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (decode(pair.substr(0, equals)) != name) continue;
    return decode(pair.substr(std::min(equals + 1, pair.size())));
  }
  return std::nullopt;
}

}  // namespace kefu::inline v0::net::http
