#include "net/tus.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base64url.hpp"
#include "net/field_text.hpp"

namespace kefu::inline v0::net::tus {
namespace {

/// Standard base64, with its padding or without.
std::optional<std::string> decode_base64(std::string_view text) {
  const std::size_t padded = text.find('=');
  if (padded != std::string_view::npos) {
    const std::string_view padding = text.substr(padded);
    if (text.size() % 4 != 0 || (padding != "=" && padding != "==")) return std::nullopt;
    text = text.substr(0, padded);
  }
  std::string url{text};
  for (char& c : url) {
    if (c == '-' || c == '_') return std::nullopt;
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return decode_base64url(url);
}

}  // namespace

std::optional<Metadata> parse_metadata(std::string_view field) {
  Metadata out;
  while (!field.empty()) {
    const std::string_view pair = http::next_item(field);
    const std::size_t space = std::min(pair.find(' '), pair.size());
    const std::string_view key = pair.substr(0, space);
    auto value = decode_base64(http::trim(pair.substr(space)));
    const auto same = [&](const auto& each) { return each.first == key; };
    if (key.empty() || !value || std::any_of(out.begin(), out.end(), same)) return std::nullopt;
    out.emplace_back(key, *std::move(value));
  }
  return out;
}

std::string_view find(const Metadata& metadata, std::string_view key) noexcept {
  for (const auto& [name, value] : metadata) {
    if (name == key) return value;
  }
  return {};
}

std::optional<std::uint64_t> parse_number(std::string_view field) noexcept {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 62;
  std::uint64_t number = 0;
  const char* const end = field.data() + field.size();
  const auto [rest, error] = std::from_chars(field.data(), end, number);
  if (error != std::errc{} || rest != end || number > kMost) return std::nullopt;
  return number;
}

std::optional<Checksum> parse_checksum(std::string_view field) {
  const std::size_t space = field.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  auto digest = decode_base64(http::trim(field.substr(space)));
  if (!digest) return std::nullopt;
  return Checksum{std::string{field.substr(0, space)}, *std::move(digest)};
}

}  // namespace kefu::inline v0::net::tus
