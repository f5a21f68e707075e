// FailureLimit: how many more times somebody may be wrong, for whatever can be guessed. A bucket of
// tokens for each, by a name that the caller chooses: an account, a network.
//
// Memory: bounded; of more than `most` at once the rest share one bucket.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <kefu/model/time.hpp>
#include <string>
#include <unordered_map>

namespace kefu::inline v0::core {

class FailureLimit {
 public:
  /// `a_minute`: so many failures at once, and as many a minute.
  FailureLimit(std::uint32_t a_minute, std::size_t most)
      : cost_(kMinute / std::max(a_minute, 1U)), most_(std::max<std::size_t>(most, 1)) {}

  /// How long `who` must wait until they may try again; zero: not at all.
  [[nodiscard]] Nanoseconds wait(const std::string& who, Instant now) const {
    const auto known = full_at_.find(who);
    const bool shared = known == full_at_.end() && full_at_.size() >= most_;
    if (known == full_at_.end() && !shared) return Nanoseconds{0};
    const Instant full = shared ? rest_full_at_ : known->second;
    return std::max(full - now + cost_ - kMinute, Nanoseconds{0});
  }

  /// A failure of theirs.
  void count(const std::string& who, Instant now) {
    if (full_at_.size() >= most_ && now >= sweep_at_) {
      sweep_at_ = now + cost_;
      std::erase_if(full_at_, [now](const auto& one) { return one.second <= now; });
    }
    const bool shared = full_at_.size() >= most_ && !full_at_.contains(who);
    Instant& full = shared ? rest_full_at_ : full_at_[who];
    // Failures that were under way together cost no more than a bucket.
    full = std::min(std::max(full, now) + cost_, now + kMinute);
  }

 private:
  static constexpr Nanoseconds kMinute{60'000'000'000};

  Nanoseconds cost_;
  std::size_t most_;
  std::unordered_map<std::string, Instant> full_at_;  // when nothing would count any more
  Instant rest_full_at_{};
  Instant sweep_at_{};  // not before: a sweep looks at all of them
};

}  // namespace kefu::inline v0::core
