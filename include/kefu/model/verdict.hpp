// Verdict: what a policy says of a draft.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace kefu::inline v0 {

/// It may be stored as it is.
struct Allow {};
/// It is refused, for good.
struct Deny {
  std::string reason;  ///< told to the sender, as UTF-8; not stored
};
/// Something else is stored in its place.
struct Rewrite {
  std::string body;  ///< stored instead, as UTF-8; above limits::max_body it counts as a denial
};
/// It is stored, and staff is told something about it.
struct Flag {
  std::string tag;  ///< stored with the message, for staff; see tags
};
/// What a policy answers.
using Verdict = std::variant<Allow, Deny, Rewrite, Flag>;

/// The verdict that stands when no answer came in time: fail-open or fail-closed.
enum class OnTimeout : std::uint8_t { allow, deny };

/// An entry's tags: words that policies left, joined by commas. A word has letters, digits and
/// "-_.:/"; anything else in a Flag is written as "_".
namespace tags {
/// kefu's own, and always the first: the body is not what was sent.
inline constexpr std::string_view kRewritten = "rewritten";

/// kefu's own, and behind `rewritten`: the writer took the message back, and the body is empty.
inline constexpr std::string_view kRecalled = "recalled";
inline constexpr std::string_view kRewrittenRecalled = "rewritten,recalled";

/// The body is not what was sent.
[[nodiscard]] constexpr bool has_rewritten(std::string_view tags) noexcept {
  return tags.substr(0, tags.find(',')) == kRewritten;
}

namespace detail {
[[nodiscard]] constexpr bool begins_with(std::string_view tags, std::string_view words) noexcept {
  return tags.starts_with(words) && (tags.size() == words.size() || tags[words.size()] == ',');
}
[[nodiscard]] inline std::string put_before(std::string_view words, std::string_view tags) {
  std::string out(words);
  if (has_rewritten(tags))
    tags.remove_prefix(tags == kRewritten ? tags.size() : kRewritten.size() + 1);
  if (!tags.empty()) out.append(",").append(tags);
  return out;
}
}  // namespace detail

/// The writer took the message back.
[[nodiscard]] constexpr bool has_recalled(std::string_view tags) noexcept {
  return detail::begins_with(tags, kRewrittenRecalled);
}
/// The same for one that is past its retention.
inline constexpr std::string_view kExpired = "expired";
inline constexpr std::string_view kRewrittenExpired = "rewritten,expired";

/// The message is past its retention.
[[nodiscard]] constexpr bool has_expired(std::string_view tags) noexcept {
  return detail::begins_with(tags, kRewrittenExpired);
}

/// The tags of a message that had these before it was recalled, or expired.
[[nodiscard]] inline std::string recalled(std::string_view tags) {
  return detail::put_before(kRewrittenRecalled, tags);
}
/// The tags of a message that had these before it expired.
[[nodiscard]] inline std::string expired(std::string_view tags) {
  return detail::put_before(kRewrittenExpired, tags);
}

/// What a reader is told of an entry's tags: staff everything, its writer that it was rewritten,
/// and everybody that it was recalled, or has expired.
[[nodiscard]] constexpr std::string_view told(std::string_view tags, bool own,
                                              bool staff) noexcept {
  if (staff) return tags;
  if (has_recalled(tags)) return kRewrittenRecalled;
  if (has_expired(tags)) return kRewrittenExpired;
  return own && has_rewritten(tags) ? kRewritten : std::string_view();
}
}  // namespace tags

}  // namespace kefu::inline v0
