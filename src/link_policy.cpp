#include <kefu/link_policy.hpp>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "link_host.hpp"
#include "word_finder.hpp"

namespace kefu::inline v0 {
namespace {

constexpr std::size_t kMaxDomain = 253;
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kScheme = 0;  // of the words that the finder looks for

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' &&
         label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_word_letter(c) || c == '-'; });
}

/// In lower case.
std::string domain_of(const std::string& text) {
  std::string out;
  for (const char c : text) out += fold_letter(c);
  bool good = !out.empty() && out.size() <= kMaxDomain;
  std::string_view rest = out;
  std::string_view label;
  while (good) {
    label = rest.substr(0, rest.find('.'));
    good = is_label(label);
    if (label.size() == rest.size()) break;
    rest.remove_prefix(label.size() + 1);
  }
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!good || std::ranges::all_of(label, is_digit))  // what ends in a number is an address
    throw std::invalid_argument("not a domain: " + text);
  return out;
}

/// Most messages have none of what a link needs.
bool may_have_link(std::string_view text) noexcept {
  const auto has = [&](char c) { return std::memchr(text.data(), c, text.size()) != nullptr; };
  return !text.empty() && (has('.') || has(':') || has('\xef'));
}

class LinkPolicy final : public Policy {
 public:
  explicit LinkPolicy(LinkOptions options)
      : finder_({"://", "www."}), options_(std::move(options)) {
    for (std::string& domain : options_.allowed) domain = domain_of(domain);
  }

  void decide(const PolicyContext& context, Instant, Completion<Verdict> done) override {
    if (context.role != Role::visitor || context.kind == kind::kFile ||
        !leads_elsewhere(context.body))
      return done(Allow{});
    if (options_.then == OnLink::flag) return done(Flag{options_.tag});
    done(Deny{options_.reason});
  }
  [[nodiscard]] OnTimeout on_timeout() const override { return OnTimeout::deny; }

 private:
  [[nodiscard]] bool leads_elsewhere(std::string_view text) const {
    if (!may_have_link(text)) return false;
    bool elsewhere = false;
    finder_.find(text, [&](const WordFinder::Found& found) {
      const LinkHost host(text.substr(found.word == kScheme ? found.end : found.begin));
      const auto leads_to = [&](const std::string& domain) { return host.is_within(domain); };
      if (!host.name().empty() && std::ranges::none_of(options_.allowed, leads_to))
        elsewhere = true;
    });
    return elsewhere;
  }

  const WordFinder finder_;
  LinkOptions options_;
};

}  // namespace

std::unique_ptr<Policy> link_policy(LinkOptions options) {
  return std::make_unique<LinkPolicy>(std::move(options));
}

}  // namespace kefu::inline v0
