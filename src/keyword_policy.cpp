#include <kefu/keyword_policy.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include "word_finder.hpp"

namespace kefu::inline v0 {
namespace {

std::vector<std::string> words_of(const KeywordOptions& options) {
  std::vector<std::string> out;
  for (const Keyword& one : options.keywords) out.push_back(one.word);
  return out;
}

/// The text with asterisks in place of some ranges, which are in the order of their ends.
class Masking {
 public:
  explicit Masking(std::string_view text) : text_(text), hidden_(text.size()) {}

  void hide(std::size_t begin, std::size_t end) {
    std::fill(hidden_.begin() + static_cast<std::ptrdiff_t>(begin),
              hidden_.begin() + static_cast<std::ptrdiff_t>(end), true);
  }
  [[nodiscard]] std::string text() const {
    std::string out;
    for (std::size_t at = 0; at < text_.size(); ++at) {
      const bool continues = (static_cast<unsigned char>(text_[at]) & 0xc0u) == 0x80u;
      if (!hidden_[at]) out += text_[at];
      if (hidden_[at] && !continues) out += '*';
    }
    return out;
  }

 private:
  std::string_view text_;
  std::vector<bool> hidden_;
};

class KeywordPolicy final : public Policy {
 public:
  explicit KeywordPolicy(KeywordOptions options)
      : finder_(words_of(options)), options_(std::move(options)) {}

  void decide(const PolicyContext& context, Instant, Completion<Verdict> done) override {
    if (context.kind == kind::kFile) return done(Allow{});
    std::optional<OnKeyword> worst;
    finder_.find(context.body, [&](const WordFinder::Found& found) {
      const OnKeyword then = options_.keywords[found.word].then;
      if (!worst || *worst < then) worst = then;
    });
    if (!worst) return done(Allow{});
    switch (*worst) {
      case OnKeyword::flag:
        return done(Flag{options_.tag});
      case OnKeyword::mask:
        return done(Rewrite{masked(context.body)});
      case OnKeyword::deny:
        return done(Deny{options_.reason});
    }
  }
  [[nodiscard]] OnTimeout on_timeout() const override { return OnTimeout::deny; }

 private:
  [[nodiscard]] std::string masked(std::string_view body) const {
    Masking masking(body);
    finder_.find(body, [&](const WordFinder::Found& found) {
      if (options_.keywords[found.word].then == OnKeyword::mask)
        masking.hide(found.begin, found.end);
    });
    return masking.text();
  }

  const WordFinder finder_;
  const KeywordOptions options_;
};

}  // namespace

std::unique_ptr<Policy> keyword_policy(KeywordOptions options) {
  return std::make_unique<KeywordPolicy>(std::move(options));
}

}  // namespace kefu::inline v0
