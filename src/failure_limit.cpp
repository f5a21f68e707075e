#include <kefu/failure_limit.hpp>

#include <algorithm>

#include "network_of.hpp"

namespace kefu::inline v0 {
namespace {

constexpr Nanoseconds kMinute{60'000'000'000};
constexpr const char* kRest = "others";  // no network's name

}  // namespace

FailureLimit::FailureLimit(std::uint32_t a_minute, std::size_t most)
    : cost_(kMinute / std::max(a_minute, 1u)), most_(std::max<std::size_t>(most, 1)) {}

std::string FailureLimit::key_of(std::string_view address) const {
  std::string network = network_of(address);
  if (full_at_.size() >= most_ && !full_at_.contains(network)) network = kRest;
  return network;
}

Nanoseconds FailureLimit::wait(std::string_view address, Instant now) const {
  const std::lock_guard lock{mutex_};
  const auto known = full_at_.find(key_of(address));
  if (known == full_at_.end()) return Nanoseconds{0};
  return std::max(known->second - now + cost_ - kMinute, Nanoseconds{0});
}

void FailureLimit::count(std::string_view address, Instant now) {
  const std::lock_guard lock{mutex_};
  if (full_at_.size() >= most_ && now >= sweep_at_) {
    sweep_at_ = now + cost_;
    std::erase_if(full_at_, [now](const auto& one) { return one.second <= now; });
  }
  Instant& full = full_at_[key_of(address)];
  // Failures that were under way together cost no more than a bucket.
  full = std::min(std::max(full, now) + cost_, now + kMinute);
}

}  // namespace kefu::inline v0
