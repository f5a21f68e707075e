#include "postgres/address.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace kefu::inline v0::postgres {
namespace {

constexpr std::int64_t kUnanswered = 2;  ///< questions, before a silent server is given up
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr long long kLongest = 86'400;  ///< seconds that a host may take, whatever is asked for

std::int64_t whole_seconds(Nanoseconds time) { return (time.count() + kSecond - 1) / kSecond; }

struct FreeOptions {
  void operator()(PQconninfoOption* options) const noexcept { PQconninfoFree(options); }
};
using Values = std::vector<std::pair<std::string, std::string>>;
using ConnInfo = std::unique_ptr<PQconninfoOption, FreeOptions>;

/// What is set, by its keyword.
template <class Take>
void for_each_set(const ConnInfo& options, Take take) {
  for (const PQconninfoOption* one = options.get(); one && one->keyword; ++one) {
    if (one->val) take(std::string_view(one->keyword), std::string_view(one->val));
  }
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> parts(1);
  for (const char c : list) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back().push_back(c);
    }
  }
  return parts;
}

/// Of lists of which one entry may stand for all.
std::string entry(const std::vector<std::string>& list, std::size_t at) {
  if (list.size() == 1) return list.front();
  return at < list.size() ? list[at] : std::string();
}

/// Those behind go before those in front of them, and dbname stands for all that is in it.
Link begin(PGconn* (*connect)(const char* const*, const char* const*, int), const Values& values,
           int expand) {
  std::vector<const char*> names, texts;
  names.reserve(values.size() + 1);
  texts.reserve(values.size() + 1);
  for (const auto& [name, text] : values) {
    names.push_back(name.c_str());
    texts.push_back(text.c_str());
  }
  names.push_back(nullptr);
  texts.push_back(nullptr);
  return Link(connect(names.data(), texts.data(), expand));
}

}  // namespace

Address::Address(std::string conninfo, const Options& options)
    : conninfo_(std::move(conninfo)), timeout_(options.timeout) {
  const std::int64_t seconds = whole_seconds(options.ping);
  for_each_set(ConnInfo(PQconninfoParse(conninfo_.c_str(), nullptr)),
               [this](std::string_view keyword, std::string_view value) {
                 if (keyword == "host" || keyword == "hostaddr")
                   named_ = std::max(named_, split(value).size());
                 if (keyword == "connect_timeout")
                   patience_ =
                       Nanoseconds(std::clamp(std::atoll(value.data()), 0LL, kLongest) * kSecond);
               });
  defaults_ = {{"keepalives_idle", std::to_string(seconds)},
               {"keepalives_interval", std::to_string(seconds)},
               {"keepalives_count", std::to_string(kUnanswered)},
               {"tcp_user_timeout", std::to_string((1 + kUnanswered) * seconds * 1'000)},
               {"connect_timeout", std::to_string(whole_seconds(patience()))},
               {"target_session_attrs", "read-write"}};
}

Nanoseconds Address::patience() const {
  if (patience_.count() > 0) return patience_;
  return timeout_ / static_cast<std::int64_t>(std::max(named_, hosts_.size()));
}

Link Address::connect() {
  Values values = defaults_;
  values.emplace_back("dbname", conninfo_);
  Link link = begin(PQconnectdbParams, values, 1);
  if (PQstatus(link.get()) == CONNECTION_OK) learn(link.get());
  return link;
}

Link Address::start(std::size_t host) const {
  const Host& one = hosts_.at(host);
  Values values = common_;
  values.emplace_back("host", one.name);
  values.emplace_back("hostaddr", one.address);
  values.emplace_back("port", one.port);
  return begin(PQconnectStartParams, values, 0);
}

/// Also what services and the environment say is in it.
void Address::learn(PGconn* link) {
  std::vector<std::string> names{""}, addresses{""}, ports{""};
  for_each_set(ConnInfo(PQconninfo(link)), [&](std::string_view keyword, std::string_view value) {
    if (keyword == "host") {
      names = split(value);
    } else if (keyword == "hostaddr") {
      addresses = split(value);
    } else if (keyword == "port") {
      ports = split(value);
    } else {
      common_.emplace_back(keyword, value);
    }
  });
  hosts_.resize(std::max(names.size(), addresses.size()));
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    Host& host = hosts_[i];
    host = {entry(names, i), entry(addresses, i), entry(ports, i)};
    const std::string_view shown = PQhost(link);
    if ((shown == host.name || shown == host.address) && PQport(link) == host.port) found_ = i;
  }
}

}  // namespace kefu::inline v0::postgres
