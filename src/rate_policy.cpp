#include <kefu/rate_policy.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "hub/allowance.hpp"

namespace kefu::inline v0 {
namespace {

constexpr std::size_t kStripes = 16;  // of the table, so that shards seldom wait for each other

struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>()(text);
  }
};

struct Stripe {
  std::mutex mutex;
  /// When the bucket of each participant would be full again.
  std::unordered_map<std::string, Instant, Hash, std::equal_to<>> full_at;
  Instant sweep_at{};  // not before: a sweep looks at all of them
};

class RatePolicy final : public Policy {
 public:
  explicit RatePolicy(RateOptions options) : options_(std::move(options)) {
    if (options_.messages == 0 || options_.within.count() < options_.messages ||
        options_.max_participants == 0)
      throw std::invalid_argument("a rate of messages that allows none");
    cost_ = options_.within / static_cast<std::int64_t>(options_.messages);
    bucket_ = cost_ * static_cast<std::int64_t>(options_.messages);
    most_ = std::max<std::size_t>(options_.max_participants / kStripes, 1);
  }

  void decide(const PolicyContext& context, Instant deadline, Completion<Verdict> done) override {
    if (context.role != Role::visitor || take(context.from, deadline)) return done(Allow{});
    done(Deny{options_.reason});
  }
  [[nodiscard]] OnTimeout on_timeout() const override { return OnTimeout::allow; }

 private:
  bool take(std::string_view who, Instant now) {
    Stripe& stripe = stripes_[Hash()(who) % kStripes];
    const std::lock_guard lock(stripe.mutex);
    auto at = stripe.full_at.find(who);
    if (at == stripe.full_at.end()) {
      if (!make_room(stripe, now)) return true;
      at = stripe.full_at.emplace(who, Instant{}).first;
    }
    return hub::take_frame(at->second, now, cost_, bucket_);
  }
  bool make_room(Stripe& stripe, Instant now) const {
    if (stripe.full_at.size() < most_) return true;
    if (now < stripe.sweep_at) return false;
    stripe.sweep_at = now + cost_;
    std::erase_if(stripe.full_at, [&](const auto& one) { return one.second <= now; });
    return stripe.full_at.size() < most_;
  }

  const RateOptions options_;
  Nanoseconds cost_{};
  Nanoseconds bucket_{};
  std::size_t most_ = 0;  // participants of a stripe
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace

std::unique_ptr<Policy> rate_policy(RateOptions options) {
  return std::make_unique<RatePolicy>(std::move(options));
}

}  // namespace kefu::inline v0
