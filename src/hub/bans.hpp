// Bans: who may not come in, as every shard knows it, and how a node hears of what others have
// said.
#pragma once

#include <cstdint>
#include <kefu/completion.hpp>
#include <kefu/executor.hpp>
#include <kefu/limits.hpp>
#include <kefu/model/ban.hpp>
#include <kefu/result.hpp>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "address.hpp"

namespace kefu::inline v0::hub {

class Shard;

/// The list, ready to be asked. Constant.
class BanSet {
 public:
  BanSet() = default;
  BanSet(BanList list, std::uint64_t version);
  BanSet(const BanSet&) = delete;
  BanSet& operator=(const BanSet&) = delete;

  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
  [[nodiscard]] bool empty() const noexcept { return list_.bans.empty(); }
  /// One that stands and is about the participant, if their id is known yet, or the address.
  [[nodiscard]] const Ban* find(std::string_view participant, std::string_view address,
                                Timestamp now) const;

 private:
  struct Network {
    AddressRange range;
    const Ban* ban;
  };

  BanList list_;
  std::uint64_t version_ = 0;  // of the record; 0: there is none
  std::unordered_map<std::string_view, const Ban*> participants_;
  std::vector<Network> networks_;
};

/// The ban, with its address in one form; errc::bad_frame or errc::too_large when it is none.
[[nodiscard]] result<Ban> checked(Ban ban, const limits& bounds);

/// Completes on the shard.
void read_bans(Shard& shard, Completion<result<std::vector<Ban>>> done);

/// Reads the record now and then, for other nodes may have changed it, and tells all shards.
class BanWatch {
 public:
  explicit BanWatch(Shard& shard) : shard_(shard) {}

  void on_tick(Instant now);

 private:
  Shard& shard_;
  Instant next_;
};

}  // namespace kefu::inline v0::hub
