#include <kefu/failure_limit.hpp>

#include "network_of.hpp"

namespace kefu::inline v0 {

FailureLimit::FailureLimit(std::uint32_t a_minute, std::size_t most) : networks_(a_minute, most) {}

Nanoseconds FailureLimit::wait(std::string_view address, Instant now) const {
  return wait_of(network_of(address), now);
}

void FailureLimit::count(std::string_view address, Instant now) {
  count_of(network_of(address), now);
}

std::string FailureLimit::network_of(std::string_view address) { return v0::network_of(address); }

Nanoseconds FailureLimit::wait_of(const std::string& network, Instant now) const {
  const std::lock_guard lock{mutex_};
  return networks_.wait(network, now);
}

void FailureLimit::count_of(const std::string& network, Instant now) {
  const std::lock_guard lock{mutex_};
  networks_.count(network, now);
}

}  // namespace kefu::inline v0
