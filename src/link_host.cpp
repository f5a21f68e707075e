#include "link_host.hpp"

#include <algorithm>

#include "folded_text.hpp"

namespace kefu::inline v0 {
namespace {

constexpr char kNoName = '?';

/// Behind these the link is over, or its path begins. Only as ASCII: a browser takes the full-width
/// forms for a part of the host, or of what stands before an '@'.
bool ends_authority(char c) noexcept {
  return static_cast<unsigned char>(c) <= ' ' || c == '/' || c == '\\' || c == '?' || c == '#';
}

bool is_ascii(char c) noexcept { return static_cast<unsigned char>(c) < 0x80; }

/// What a browser takes for a dot: 。 and ｡
bool is_wide_dot(std::string_view three) noexcept {
  return three == "\xe3\x80\x82" || three == "\xef\xbd\xa1";
}

/// 、〈 to 】〔 to 〛 and — ‘ ’ “ ”, of which no name is made and which no browser ignores.
bool is_wide_punctuation(std::string_view three) noexcept {
  if (three.size() < 3) return false;
  const auto last = static_cast<unsigned char>(three[2]);
  if (three.starts_with("\xe3\x80"))
    return last == 0x81 || (last >= 0x88 && last <= 0x91) || (last >= 0x94 && last <= 0x9b);
  constexpr unsigned char kLast[] = {0x94, 0x98, 0x99, 0x9c, 0x9d};
  return three.starts_with("\xe2\x80") && std::ranges::find(kLast, last) != std::end(kLast);
}

}  // namespace

LinkHost::LinkHost(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const Folded next = fold(text, at);
    if ((next.size == 1 && ends_authority(next.byte)) || next.byte == ' ') break;
    if (text[at] == '@') {  // what stood before it was a name and a password
      size_ = 0;
      part_ = Part::host;
      ++at;
      continue;
    }
    const Sign sign = sign_of(text, at, next.byte);
    take(sign, next.byte);
    at += sign != Sign::other && !is_ascii(next.byte) ? 3 : next.size;
  }
  while (size_ > 0 && host_[size_ - 1] == '.') --size_;
}

LinkHost::Sign LinkHost::sign_of(std::string_view text, std::size_t at, char folded) noexcept {
  if (folded == '.') return Sign::dot;
  if (is_word_letter(folded) || folded == '-' || folded == '_') return Sign::name;
  if (folded == '%' || folded == '[') return Sign::other;  // an address, or hidden letters
  if (is_ascii(folded)) return Sign::punctuation;
  const std::string_view three = text.substr(at, 3);
  if (is_wide_dot(three)) return Sign::dot;
  return is_wide_punctuation(three) ? Sign::punctuation : Sign::other;
}

void LinkHost::take(Sign sign, char byte) noexcept {
  switch (part_) {
    case Part::host:
      if (sign == Sign::name) add(byte);
      if (sign == Sign::dot) add('.');
      if (sign == Sign::other) add(kNoName);
      if (sign == Sign::punctuation) part_ = Part::behind;
      return;
    case Part::behind:
      if (sign == Sign::dot) part_ = Part::behind_dot;
      return;
    case Part::behind_dot:
      if (sign == Sign::name || sign == Sign::other) add(kNoName);
      return;
  }
}

void LinkHost::add(char byte) noexcept {
  if (size_ < kMax) {
    host_[size_++] = byte;
  } else {
    host_[kMax - 1] = kNoName;
  }
}

bool LinkHost::is_within(std::string_view domain) const noexcept {
  const std::string_view host = name();
  if (!host.ends_with(domain)) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

}  // namespace kefu::inline v0
