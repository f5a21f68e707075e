// FailureLimit: how many more times a network may be wrong, for whatever can be guessed.
//
// core/failure_limit.hpp behind a mutex, by addresses: so many failures at once, and as many a
// minute. Threading: any. Memory: bounded; of more networks than `most` at once the rest share one
// bucket.
#pragma once

#include <kefu/core/failure_limit.hpp>
#include <kefu/model/time.hpp>

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

namespace kefu::inline v0 {

class FailureLimit {
 public:
  static constexpr std::size_t kMost = 10'000;  ///< networks: some 1.5 MB

  explicit FailureLimit(std::uint32_t a_minute, std::size_t most = kMost);

  /// How long it must wait until it may try again; zero: not at all. `address` as inet_ntop()
  /// writes it; an IPv6 address stands for its network of 64 bits, and loopback is one network.
  [[nodiscard]] Nanoseconds wait(std::string_view address, Instant now) const;
  /// A failure of it.
  void count(std::string_view address, Instant now);

  /// The name of an address's network, for who asks of the same one more than once; empty for
  /// loopback.
  [[nodiscard]] static std::string network_of(std::string_view address);
  /// As wait(), by that name.
  [[nodiscard]] Nanoseconds wait_of(const std::string& network, Instant now) const;
  /// As count(), by that name.
  void count_of(const std::string& network, Instant now);

 private:
  mutable std::mutex mutex_;
  core::FailureLimit networks_;  // guarded by the mutex
};

}  // namespace kefu::inline v0
