// TextMatch: what a search takes for found, in every store.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace kefu::inline v0::core {

/// A text has another in it, the letters A to Z and a to z taken for the same. What stands behind a
/// NUL is not looked at.
class TextMatch {
 public:
  explicit TextMatch(std::string text) : text_(std::move(text)) {}

  [[nodiscard]] bool operator()(std::string_view body) const {
    body = body.substr(0, body.find('\0'));
    return std::search(body.begin(), body.end(), text_.begin(), text_.end(),
                       [](char a, char b) { return lower(a) == lower(b); }) != body.end();
  }

  /// Characters of UTF-8.
  [[nodiscard]] static std::size_t length(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
  }

 private:
  static char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

  std::string text_;
};

}  // namespace kefu::inline v0::core
