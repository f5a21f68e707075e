#include <kefu/failure_limit.hpp>

#include <string>

#include "network_of.hpp"

namespace kefu::inline v0 {

FailureLimit::FailureLimit(std::uint32_t a_minute, std::size_t most) : networks_(a_minute, most) {}

Nanoseconds FailureLimit::wait(std::string_view address, Instant now) const {
  const std::string network = network_of(address);
  const std::lock_guard lock{mutex_};
  return networks_.wait(network, now);
}

void FailureLimit::count(std::string_view address, Instant now) {
  const std::string network = network_of(address);
  const std::lock_guard lock{mutex_};
  networks_.count(network, now);
}

}  // namespace kefu::inline v0
