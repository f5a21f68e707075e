#include "bans.hpp"

#include <algorithm>
#include <kefu/wire/records.hpp>
#include <memory>
#include <utility>

#include "shard.hpp"

namespace kefu::inline v0::hub {
namespace {

constexpr unsigned kV6NetworkBits = 64;  // whoever has an IPv6 address has all of these

result<BanList> decode(const std::optional<Record>& record) {
  if (!record) return BanList{};
  result<DeskRecord> found = wire::decode_record(record->key, record->value);
  if (!found) return found.error();
  return std::get<BanList>(*std::move(found));
}

}  // namespace

BanSet::BanSet(BanList list, std::uint64_t version) : list_(std::move(list)), version_(version) {
  for (const Ban& ban : list_.bans) {
    if (!ban.participant.empty()) {
      participants_.emplace(ban.participant, &ban);
    } else if (const auto range = parse_range(ban.address)) {
      networks_.push_back({*range, &ban});
    }
  }
}

const Ban* BanSet::find(std::string_view participant, std::string_view address,
                        Timestamp now) const {
  const auto named = participant.empty() ? participants_.end() : participants_.find(participant);
  if (named != participants_.end() && named->second->stands(now)) return named->second;
  const auto bytes = networks_.empty() ? std::nullopt : parse_address(address);
  if (!bytes) return nullptr;
  const auto at = std::ranges::find_if(networks_, [&](const Network& network) {
    return network.ban->stands(now) && network.range.covers(*bytes);
  });
  return at == networks_.end() ? nullptr : at->ban;
}

result<Ban> checked(Ban ban, const limits& bounds) {
  if (ban.participant.empty() == ban.address.empty()) return errc::bad_frame;
  if (ban.participant.size() > bounds.max_id || ban.reason.size() > bounds.max_reason)
    return errc::too_large;
  if (ban.address.empty()) return ban;
  auto range = parse_range(ban.address);
  if (!range) return errc::bad_frame;
  const bool single = ban.address.find('/') == std::string::npos;
  if (single && !is_v4(range->bytes)) range->bits = kV6NetworkBits;
  ban.address = range->to_string();
  return ban;
}

void read_bans(Shard& shard, Completion<result<std::vector<Ban>>> done) {
  shard.context().store.get(
      bans_key(),
      shard.here<result<std::optional<Record>>>(
          [&shard, done = std::move(done)](result<std::optional<Record>> record) mutable {
            if (!record) return done(record.error());
            result<BanList> list = decode(*record);
            if (!list) return done(list.error());
            std::erase_if(list->bans, [now = shard.context().store.now()](const Ban& ban) {
              return !ban.stands(now);
            });
            done(std::move(list->bans));
          }));
}

void BanWatch::on_tick(Instant now) {
  if (now < next_) return;
  next_ = now + shard_.bounds().ban_check / 2;
  shard_.context().store.get(
      bans_key(),
      shard_.here<result<std::optional<Record>>>([this](result<std::optional<Record>> record) {
        if (!record || !*record || (*record)->version <= shard_.bans().version()) return;
        result<BanList> list = decode(*record);
        if (!list) return shard_.log(LogLevel::error, "the bans can't be read");
        shard_.tell_all(
            mail::Bans{std::make_shared<const BanSet>(*std::move(list), (*record)->version)});
      }));
}

}  // namespace kefu::inline v0::hub
