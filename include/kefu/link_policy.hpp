// link_policy(): links lead only where they may.
#pragma once

#include <cstdint>
#include <kefu/policy.hpp>
#include <memory>
#include <string>
#include <vector>

namespace kefu::inline v0 {

/// What becomes of a message with a link that leads elsewhere.
enum class OnLink : std::uint8_t {
  flag,  ///< it is stored with LinkOptions::tag
  deny,  ///< it is refused, with LinkOptions::reason
};

/// What link_policy() is made with.
struct LinkOptions {
  /// Domains to which links may lead, with all that is below them: "shop.example". ASCII; an
  /// international name as its "xn--" form.
  std::vector<std::string> allowed = {};
  OnLink then = OnLink::deny;
  std::string reason = "links can't be sent here";
  std::string tag = "link";
};

/// Judges text messages of visitors, but not those of kind "file": staff may send any link. Answers
/// inside the call and allocates only for a message that it does not allow. Fails closed, which
/// matters only behind a policy that took all the time.
///
/// A link is what follows "://" or begins with "www.", in any case and in full-width forms too; a
/// bare "shop.example" is none. Its host is what a browser would take: what stands behind an "@", a
/// full stop of Chinese as a dot. In doubt it leads elsewhere: behind "https://shop.example"
/// belongs a space, a slash or punctuation, and not the next word of a Chinese sentence.
///
/// Throws std::invalid_argument, naming it, for what is no domain: a URL, a port, a star, an
/// address.
///
///   hub.judge(kefu::link_policy({{"shop.example"}}));
[[nodiscard]] std::unique_ptr<Policy> link_policy(LinkOptions options);

}  // namespace kefu::inline v0
