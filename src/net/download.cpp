#include "net/download.hpp"

#include <algorithm>
#include <array>
#include <kefu/net/http.hpp>
#include <new>
#include <optional>

#include "base64url.hpp"
#include "net/field_text.hpp"
#include "net/tus.hpp"

namespace kefu::inline v0::net {
namespace {

constexpr std::size_t kMostRanges = 16;

/// Nothing: malformed. An empty range: not there.
std::optional<ByteRange> parse_range(std::string_view item, std::uint64_t size) {
  const std::size_t dash = item.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = tus::parse_number(item.substr(0, dash));
  const auto last = tus::parse_number(item.substr(dash + 1));
  if (dash == 0) {
    if (!last) return std::nullopt;
    return ByteRange{size - std::min(*last, size), size};
  }
  if (!first || (!last && dash + 1 != item.size()) || (last && *last < *first)) return std::nullopt;
  const std::uint64_t from = std::min(*first, size);
  return ByteRange{from, last ? std::max(from, std::min(*last + 1, size)) : size};
}

bool overlap(const std::vector<ByteRange>& ranges) {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (ranges[i].from < ranges[k].to && ranges[k].from < ranges[i].to) return true;
    }
  }
  return false;
}

std::string signed_text(FileId id, std::string_view until) {
  return "download " + id.to_string() + " " + std::string{until};
}

/// What RFC 8187 lets stand as it is.
bool is_attribute_char(char c) noexcept {
  return http::is_token_char(c) && c != '*' && c != '\'' && c != '%';
}

}  // namespace

WantedRanges parse_ranges(std::string_view field, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!http::equal_any_case(field.substr(0, kUnit.size()), kUnit)) return {};
  field.remove_prefix(kUnit.size());
  WantedRanges wanted;
  bool any = false;
  while (!field.empty()) {
    const std::string_view item = http::next_item(field);
    if (item.empty()) continue;
    const auto range = parse_range(item, size);
    if (!range) return {};
    any = true;
    if (range->size() != 0) wanted.ranges.push_back(*range);
    if (wanted.ranges.size() > kMostRanges) return {};
  }
  if (!any || overlap(wanted.ranges)) return {};
  wanted.satisfiable = !wanted.ranges.empty();
  return wanted;
}

std::string content_range(ByteRange range, std::uint64_t size) {
  return "bytes " + std::to_string(range.from) + "-" + std::to_string(range.to - 1) + "/" +
         std::to_string(size);
}

std::string content_disposition(bool shown, std::string_view name) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out = shown ? "inline" : "attachment";
  if (name.empty()) return out;
  out += "; filename=\"";
  // For those who know nothing else: no escapes, which they read in different ways, and no path.
  for (const char c : name) {
    const bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '/' && c != '%';
    out += plain ? c : '_';
  }
  out += "\"; filename*=UTF-8''";
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_attribute_char(c)) {
      out += c;
    } else {
      out.append(1, '%').append(1, kHex[byte >> 4]).append(1, kHex[byte & 15u]);
    }
  }
  return out;
}

std::string sign_download(const JwtKeys& keys, FileId id, std::int64_t until) {
  const std::string time = std::to_string(until);
  const auto signature = keys.signature(signed_text(id, time));
  if (!signature) throw std::bad_alloc{};
  return "until=" + time + "&signature=" + encode_base64url(*signature);
}

Signature check_download(const JwtKeys& keys, FileId id, std::string_view query, std::int64_t now) {
  const std::string until = http::query_parameter(query, "until").value_or("");
  const std::string given = http::query_parameter(query, "signature").value_or("");
  const auto signature = decode_base64url(given);
  if (!signature) return Signature::bad;
  const auto signer = keys.signer(signed_text(id, until), *signature);
  if (!signer && signer.error() == errc::unavailable) throw std::bad_alloc{};
  if (!signer) return Signature::bad;
  const auto seconds = tus::parse_number(until);
  return seconds && now < static_cast<std::int64_t>(*seconds) ? Signature::good
                                                              : Signature::expired;
}

}  // namespace kefu::inline v0::net
