#include "api_guard.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <utility>

#include "api.hpp"

namespace helpdesk {
namespace {

using kefu::errc;

constexpr kefu::Nanoseconds kMinute{60'000'000'000};

/// Whoever has an IPv6 address has its network of 64 bits.
std::string network_of(std::string_view address) {
  constexpr std::size_t kBytes = 16;
  constexpr std::size_t kNetwork = 8;
  std::array<char, kBytes> bytes{};
  const std::string text(address);
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  return {bytes.data(), kNetwork};
}

}  // namespace

Failures::Failures(std::uint32_t a_minute) : cost_(kMinute / std::max(a_minute, 1u)) {}

std::string Failures::key_of(std::string_view address) const {
  std::string network = network_of(address);
  if (full_at_.size() >= kAddresses && !full_at_.contains(network)) network.clear();
  return network;
}

bool Failures::exhausted(std::string_view address, kefu::Instant now) {
  const std::lock_guard lock{mutex_};
  const auto known = full_at_.find(key_of(address));
  return known != full_at_.end() && known->second + cost_ - now > kMinute;
}

void Failures::count(std::string_view address, kefu::Instant now) {
  const std::lock_guard lock{mutex_};
  if (full_at_.size() >= kAddresses)
    std::erase_if(full_at_, [now](const auto& one) { return one.second <= now; });
  kefu::Instant& full = full_at_[key_of(address)];
  full = std::max(full, now) + cost_;
}

ApiGuard::ApiGuard(const kefu::JwtKeys& keys, std::uint32_t failures, const kefu::Executor& clock)
    : authenticator_(kefu::jwt_hs256(keys, {.audience = kApiAudience})),
      clock_(clock),
      failures_(failures) {}

void ApiGuard::admit(std::string_view token, const kefu::Caller& caller,
                     kefu::Completion<kefu::result<kefu::Participant>> done) {
  if (failures_.exhausted(caller.address, clock_.now())) return done(errc::rate_limited);
  authenticator_->authenticate(token, caller,
                               [this, peer = std::string(caller.address),
                                done = std::move(done)](kefu::result<kefu::Identity> who) mutable {
                                 if (!who && who.error() != errc::unavailable)
                                   failures_.count(peer, clock_.now());
                                 if (!who) return done(who.error());
                                 if (who->participant.role != kefu::Role::supervisor)
                                   return done(errc::denied);
                                 done(std::move(who->participant));
                               });
}

}  // namespace helpdesk
