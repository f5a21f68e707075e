#include "court.hpp"

#include <algorithm>
#include <kefu/testing/random.hpp>
#include <utility>

namespace kefu::sim {
namespace {

constexpr std::string_view kCut = "✂";   // stands where a policy has rewritten
constexpr std::size_t kRoomyBatch = 16;  // drafts in a commit

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100'0000'01b3u;
  return hash;
}

}  // namespace

class Court::One final : public Policy {
 public:
  One(Court& court, std::size_t number) : court_(court), number_(number) {}

  void decide(const PolicyContext& context, Instant deadline, Completion<Verdict> done) override {
    const std::string text = original(context.body);
    const Instant now = court_.loop_.now();
    Case& one = court_.cases_.try_emplace(text, Case{now, {}, false}).first->second;
    one.deadline = std::max(one.deadline, deadline);
    one.overdue = one.overdue || (number_ == 0 && now >= deadline);
    Fate fate = court_.fate(number_, text);
    if (auto* const rewrite = std::get_if<Rewrite>(&fate.verdict))
      rewrite->body = std::string(context.body) + rewrite->body;
    switch (fate.when) {
      case When::at_once:
        return done(std::move(fate.verdict));
      case When::in_time:
        return answer(std::max(now, deadline + -fate.margin), std::move(fate), std::move(done));
      case When::late:
        return answer(std::max(now, deadline) + fate.margin, std::move(fate), std::move(done));
      case When::never:
        court_.unanswered_.push_back(std::move(done));
    }
  }
  [[nodiscard]] OnTimeout on_timeout() const override { return rule(number_); }

 private:
  void answer(Instant when, Fate fate, Completion<Verdict> done) {
    court_.loop_.post_at(when, [fate = std::move(fate), done = std::move(done)]() mutable {
      done(std::move(fate.verdict));
    });
  }

  Court& court_;
  const std::size_t number_;
};

std::vector<std::unique_ptr<Policy>> Court::policies() {
  std::vector<std::unique_ptr<Policy>> out;
  for (std::size_t i = 0; i < plan_.policies; ++i) out.push_back(std::make_unique<One>(*this, i));
  return out;
}

std::string Court::original(std::string_view body) {
  return std::string(body.substr(0, body.find(kCut)));
}

OnTimeout Court::rule(std::size_t policy) {
  return policy % 2 == 0 ? OnTimeout::allow : OnTimeout::deny;
}

Court::Fate Court::fate(std::size_t policy, const std::string& original) const {
  testing::Random random(plan_.seed ^ hash_of(original) ^ (policy + 1) * 0x9e37'79b9'7f4a'7c15u);
  Fate out;
  if (random.chance(plan_.policy_speaks)) {
    switch (random.below(3)) {
      case 0:
        out.verdict = Deny{"by policy " + std::to_string(policy)};
        break;
      case 1:
        out.verdict = Rewrite{std::string(kCut) + std::to_string(policy)};
        break;
      default:
        out.verdict = Flag{"flag" + std::to_string(policy)};
    }
  }
  if (random.chance(plan_.policy_slow)) {
    out.when = When::in_time;
    if (random.chance(plan_.policy_late)) out.when = random.chance(0.5) ? When::late : When::never;
  }
  out.margin = random.between(Nanoseconds(1), plan_.bounds.policy_deadline);
  return out;
}

Court::Sentence Court::fold(const std::string& original, std::size_t in_time,
                            bool late_counts) const {
  Sentence out{false, original, {}};
  std::string flags;
  bool overdue = false;
  for (std::size_t i = 0; i < plan_.policies && !out.denied; ++i) {
    const Fate fate = this->fate(i, original);
    overdue = overdue || i >= in_time;
    const bool at_once = fate.when == When::at_once;
    const bool counts = at_once || (fate.when == When::in_time && !overdue) ||
                        (fate.when == When::late && late_counts);
    overdue = overdue || fate.when == When::late || fate.when == When::never;
    if (!counts) {
      out.denied = rule(i) == OnTimeout::deny;
    } else if (std::holds_alternative<Deny>(fate.verdict)) {
      out.denied = true;
    } else if (const auto* const rewrite = std::get_if<Rewrite>(&fate.verdict)) {
      out.body += rewrite->body;
    } else if (const auto* const flag = std::get_if<Flag>(&fate.verdict)) {
      flags += "," + flag->tag;
    }
  }
  out.tags = (out.body == original ? "" : ",rewritten") + flags;
  if (!out.tags.empty()) out.tags.erase(0, 1);
  return out;
}

std::vector<Court::Sentence> Court::sentences(const std::string& original) const {
  const auto at = cases_.find(original);
  if (at == cases_.end()) return {};
  std::vector<Sentence> out = {fold(original, plan_.policies, false)};
  const bool stood_still = at->second.asked <= gone_on_;
  if (at->second.overdue || stood_still) out.push_back(fold(original, 0, false));
  for (std::size_t in_time = 1; stood_still && in_time < plan_.policies; ++in_time)
    out.push_back(fold(original, in_time, false));
  return out;
}

Court::Sentence Court::in_spite_of_deadline(const std::string& original) const {
  return fold(original, plan_.policies, true);
}

bool Court::overdue(const std::string& original, Instant received) const {
  const auto at = cases_.find(original);
  // Those ahead may hold a draft up for longer than policies, where commits are small or fail.
  const bool held_up = plan_.bounds.batch_drafts < kRoomyBatch || plan_.store.fail_before > 0 ||
                       plan_.store.fail_after > 0 || plan_.freeze.count() != 0 ||
                       plan_.strand.count() != 0;
  if (at == cases_.end() || held_up || received <= gone_on_) return false;
  if (received + plan_.bounds.policy_deadline != at->second.deadline) return false;
  const Nanoseconds slack = plan_.bounds.policy_deadline + 4 * plan_.store.delay_max;
  return loop_.now() > at->second.deadline + slack;
}

}  // namespace kefu::sim
