// Judgement: what a chain of policies makes of one draft, verdict by verdict. Each policy judges
// what the one before it left; the first denial ends it.
#pragma once

#include <cstddef>
#include <kefu/model/verdict.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace kefu::inline v0::core {

class Judgement {
 public:
  /// As in limits: a longer body is a denial, and tags beyond their bound are dropped.
  struct Bounds {
    std::size_t max_body = 0;
    std::size_t max_tags = 0;
  };

  /// The next policy's verdict. Precondition: not denied().
  void apply(Verdict verdict, const Bounds& bounds) {
    if (auto* const deny = std::get_if<Deny>(&verdict)) {
      denied_ = true;
      text_ = std::move(deny->reason);
    } else if (auto* const rewrite = std::get_if<Rewrite>(&verdict)) {
      if (rewrite->body.size() > bounds.max_body) return apply(Deny{}, bounds);
      if (!std::exchange(rewritten_, true)) put_first(tags::kRewritten, bounds);
      text_ = std::move(rewrite->body);
    } else if (const auto* const flag = std::get_if<Flag>(&verdict)) {
      add(word_of(flag->tag), bounds);
    }
  }
  /// What the policy declared stands in place of its answer.
  void time_out(OnTimeout verdict, const Bounds& bounds) {
    if (verdict == OnTimeout::deny) apply(Deny{"no verdict in time"}, bounds);
  }

  /// A policy has refused it.
  [[nodiscard]] bool denied() const noexcept { return denied_; }
  /// A policy has put another body in its place.
  [[nodiscard]] bool rewritten() const noexcept { return rewritten_ && !denied_; }
  /// Of a denial, for the sender.
  [[nodiscard]] std::string_view reason() const noexcept {
    return denied_ ? std::string_view(text_) : std::string_view();
  }
  /// What stands in place of `sent`.
  [[nodiscard]] std::string_view body(std::string_view sent) const noexcept {
    return rewritten() ? std::string_view(text_) : sent;
  }
  /// What policies have flagged.
  [[nodiscard]] std::string_view tags() const noexcept { return tags_; }

 private:
  static std::string word_of(std::string_view text) {
    std::string word(text);
    for (char& c : word) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') ||
                         std::string_view("-_.:/").find(c) != std::string_view::npos;
      if (!plain) c = '_';
    }
    return word;
  }
  // No flag may pass for kefu's own.
  void add(const std::string& word, const Bounds& bounds) {
    if (word.empty() || word == tags::kRewritten || word == tags::kRecalled ||
        word == tags::kExpired)
      return;
    if (tags_.size() + word.size() + 1 > bounds.max_tags) return;
    if (!tags_.empty()) tags_ += ',';
    tags_ += word;
  }
  // Whatever the bound: the sender must learn of it.
  void put_first(std::string_view word, const Bounds& bounds) {
    std::string rest = std::exchange(tags_, std::string(word));
    if (!rest.empty() && tags_.size() + rest.size() + 1 <= bounds.max_tags) tags_ += ',' + rest;
  }

  bool denied_ = false;
  bool rewritten_ = false;
  std::string text_;  // the body, or the reason
  std::string tags_;
};

}  // namespace kefu::inline v0::core
