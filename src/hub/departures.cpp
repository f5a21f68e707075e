#include "departures.hpp"

#include <vector>

#include "shard.hpp"

namespace kefu::inline v0::hub {
namespace {

constexpr std::size_t kChangesAtOnce = 64;
constexpr int kSweepsToTakeBack = 4;  // by another node, where the visitor is

}  // namespace

void Departures::left(ConversationId conversation) {
  due_.try_emplace(conversation, shard_.executor().now() + shard_.bounds().departure_delay);
}

void Departures::back(ConversationId conversation, bool noted) {
  due_.erase(conversation);
  if (!noted) return;
  shard_.desk().run(core::VisitorBack{conversation},
                    [](const core::transaction_effect::Ended&, core::WorkingSet&) {});
}

void Departures::on_tick(Instant now) {
  std::vector<ConversationId> ready;
  for (const auto& [conversation, due] : due_) {
    if (changes_ + ready.size() == kChangesAtOnce) break;
    if (now >= due) ready.push_back(conversation);
  }
  for (const ConversationId conversation : ready) {
    due_.erase(conversation);
    store(conversation);
  }
}

/// Who comes back meanwhile is taken back by the next sweep.
void Departures::store(ConversationId conversation) {
  ++changes_;
  const Nanoseconds least = kSweepsToTakeBack * shard_.bounds().routing_sweep;
  shard_.desk().run(
      core::VisitorLeft{conversation, {}, least},
      [this, conversation](const core::transaction_effect::Ended& ended, core::WorkingSet&) {
        if (changes_ != 0) --changes_;
        const bool refused = ended.rule != Rule::none && ended.rule != Rule::contention;
        if (ended.code != errc::ok && !refused)
          due_.try_emplace(conversation, shard_.executor().now());  // the next tick
      });
}

}  // namespace kefu::inline v0::hub
