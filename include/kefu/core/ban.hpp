// Ban: the decisions about who may not come in (see offer.hpp for what decisions are).
#pragma once

#include <algorithm>
#include <cstddef>
#include <kefu/core/working_set.hpp>
#include <kefu/model/ban.hpp>
#include <string>
#include <utility>

namespace kefu::inline v0::core {

/// Stands from now on, in place of one about the same. Refused with `too_late` when its time is
/// over, and with `capacity` when there are `most` of others.
struct AddBan {
  Ban ban;
  std::size_t most = 0;
};
/// Nobody is kept out by a ban about this any more; safe to repeat.
struct LiftBan {
  std::string participant;
  std::string address;
  std::string by = {};  ///< who said so; empty: the host
};

[[nodiscard]] inline Rule decide(const AddBan& ask, WorkingSet& desk, Timestamp now) {
  const BanList* list = desk.bans();
  if (desk.incomplete()) return Rule::none;
  if (!ask.ban.stands(now)) return Rule::too_late;
  if (ask.ban.participant.empty() == ask.ban.address.empty()) return Rule::exists;
  BanList next = list ? *list : BanList{};
  std::erase_if(next.bans, [&](const Ban& one) { return !one.stands(now); });
  Ban ban = ask.ban;
  ban.at = now;
  const auto known =
      std::ranges::find_if(next.bans, [&](const Ban& one) { return one.same_target(ask.ban); });
  if (known != next.bans.end()) {
    ban.at = known->at;
    if (ban == *known) return Rule::none;  // a retry
    ban.at = now;
    *known = std::move(ban);
  } else if (next.bans.size() >= ask.most) {
    return Rule::capacity;
  } else {
    next.bans.push_back(std::move(ban));
  }
  (list ? desk.edit(*list) : desk.create(BanList{})) = std::move(next);
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const LiftBan& ask, WorkingSet& desk, Timestamp now) {
  const BanList* const list = desk.bans();
  if (desk.incomplete() || !list) return Rule::none;
  const auto is_meant = [&](const Ban& one) {
    return one.participant == ask.participant && one.address == ask.address;
  };
  if (std::ranges::none_of(list->bans, is_meant)) return Rule::none;  // a retry
  std::erase_if(desk.edit(*list).bans,
                [&](const Ban& one) { return is_meant(one) || !one.stands(now); });
  return Rule::none;
}

}  // namespace kefu::inline v0::core
