// Addresses: what the URLs of servers say, and the subjects that topics have there.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::nats {

struct Address {
  std::string url;   // as it was given, secrets included
  std::string host;  // without brackets
  std::string name;  // host and port, for logs
  bool tls = false;
};

/// Throws std::invalid_argument for what is no list of them.
[[nodiscard]] std::vector<Address> addresses_of(std::string_view urls);

/// Whether it may stand before a topic.
[[nodiscard]] bool is_prefix(std::string_view prefix);

/// The subject of a topic, a different one for each; nothing for one that is too long.
[[nodiscard]] std::optional<std::string> subject_of(std::string_view prefix,
                                                    std::string_view topic);

}  // namespace kefu::inline v0::nats
