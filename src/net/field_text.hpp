// The text rules that HTTP field values share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace kefu::inline v0::net::http {

constexpr char to_lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

constexpr bool equal_any_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

constexpr std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// Cuts the next item off a separated list and trims it.
constexpr std::string_view next_item(std::string_view& list, char separator = ',') noexcept {
  const std::size_t end = list.find(separator);
  const std::string_view item = trim(list.substr(0, end));
  list.remove_prefix(end == std::string_view::npos ? list.size() : end + 1);
  return item;
}

/// Whether a list such as that of If-None-Match has this entity tag; weakly, RFC 9110 13.1.2.
constexpr bool lists_tag(std::string_view list, std::string_view tag) noexcept {
  while (!list.empty()) {
    std::string_view known = next_item(list);
    if (known.starts_with("W/")) known.remove_prefix(2);
    if (known == tag || known == "*") return true;
  }
  return false;
}

/// A character of a token, RFC 9110 5.6.2.
constexpr bool is_token_char(char c) noexcept {
  const bool alphanumeric = (c >= '0' && c <= '9') || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
  return alphanumeric || std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

constexpr bool is_token(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

}  // namespace kefu::inline v0::net::http
