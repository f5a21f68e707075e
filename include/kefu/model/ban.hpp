// Ban: who may not come in, by their identity or by their address.
#pragma once

#include <kefu/model/time.hpp>
#include <optional>
#include <string>
#include <vector>

namespace kefu::inline v0 {

/// Either `participant` or `address` says whom it is about.
struct Ban {
  std::string participant = {};  ///< an id
  std::string address = {};      ///< "198.51.100.7", or a network such as "2001:db8::/48"; the
                                 ///< Hub takes a single IPv6 address for its network of 64 bits
  std::optional<Timestamp> until = {};  ///< by the Store's clock; nothing: until it is lifted
  std::string reason = {};              ///< told to whoever is refused; may be empty
  std::string by = {};                  ///< who said so; empty: the host
  Timestamp at = {};                    ///< when; the Hub sets it

  /// Its time is not over.
  [[nodiscard]] bool stands(Timestamp now) const { return !until || now < *until; }
  /// Both are about the same participant, or the same address.
  [[nodiscard]] bool same_target(const Ban& other) const {
    return participant == other.participant && address == other.address;
  }
  friend bool operator==(const Ban&, const Ban&) = default;
};

/// All that stand, in one record: every node keeps a copy, so that asking it costs nothing.
struct BanList {
  std::vector<Ban> bans;

  friend bool operator==(const BanList&, const BanList&) = default;
};

}  // namespace kefu::inline v0
