#include "postgres/address.hpp"

#include <cstdint>
#include <utility>

namespace kefu::inline v0::postgres {
namespace {

constexpr std::int64_t kUnanswered = 2;  ///< questions, before a silent server is given up

/// Each goes before those in front of it, and dbname stands for all that is in it.
constexpr std::array<const char*, 6> kNames{"keepalives_idle",  "keepalives_interval",
                                            "keepalives_count", "tcp_user_timeout",
                                            "dbname",           nullptr};

}  // namespace

Address::Address(std::string conninfo, const Options& options) : conninfo_(std::move(conninfo)) {
  const std::int64_t seconds = (options.ping.count() + 999'999'999) / 1'000'000'000;
  ping_ = std::to_string(seconds);
  unanswered_ = std::to_string(kUnanswered);
  user_timeout_ = std::to_string((1 + kUnanswered) * seconds * 1'000);
}

std::array<const char*, 6> Address::values() const {
  return {ping_.c_str(),         ping_.c_str(),     unanswered_.c_str(),
          user_timeout_.c_str(), conninfo_.c_str(), nullptr};
}

Link Address::connect() const { return Link(PQconnectdbParams(kNames.data(), values().data(), 1)); }

Link Address::start() const {
  return Link(PQconnectStartParams(kNames.data(), values().data(), 1));
}

}  // namespace kefu::inline v0::postgres
