// Presence: the decisions about who is there (promise 10). Three layers, each cheap where it is
// written often:
//   - a node renews one lease, by the Store's clock;
//   - an agent's devices hang on the lease of their node;
//   - an agent without devices has a grace period, and then their conversations go back to the head
//     of the queue.
// A node judges others, absent agents and expired nodes alike, only when its own lease has been
// valid without a gap for a whole grace period. So after an outage, a step of the clock or a full
// restart everybody gets that long to come back, and nobody's conversations are taken away.
#pragma once

#include <algorithm>
#include <kefu/core/assignment_parts.hpp>
#include <kefu/core/slots.hpp>
#include <kefu/core/working_set.hpp>
#include <kefu/model/node.hpp>
#include <optional>
#include <string>
#include <utility>

namespace kefu::inline v0::core {

/// Of this node, every third of `lease` or so.
struct RenewLease {
  std::string node;
  Nanoseconds lease{0};
};
/// A device has connected, here. Refused with `lease` while this node's own is not valid.
struct AttachDevice {
  std::string agent;
  Device device;
  Intent initial = Intent::available;  ///< of an agent of whom nothing is known yet
};
/// Its connection is gone, and so are those that the same session had here before. A newer one
/// stays, and so does one on another node.
struct DetachDevice {
  std::string agent;
  Device device;
};
/// An agent says whether they take conversations, and how many.
struct SetIntent {
  std::string agent;
  std::optional<Intent> intent;
  std::optional<std::uint32_t> capacity;      ///< below what is filled: nothing is taken away
  std::optional<std::uint64_t> version = {};  ///< Agent::said, as the caller saw it
};
/// Takes the devices of an expired node off an agent.
struct DropDevices {
  std::string agent;
  std::string node;   ///< the expired one
  std::string judge;  ///< this node
  Nanoseconds grace{0};
};
/// Forgets a node that expired long ago. Not at once: an attach that was decided while its lease
/// was valid may still be on its way into the Store, and somebody must be there to see it.
struct ForgetNode {
  std::string node;
  Nanoseconds memory{0};
};
/// Takes one conversation from an agent who was gone for `grace`, or at once when it was only
/// offered.
struct ReturnAbsent {
  std::string agent;
  ConversationId conversation;
  std::string judge;
  Nanoseconds grace{0};
};
/// Frees slots whose time after a conversation is over.
struct EndWrapUp {
  std::string agent;
};

[[nodiscard]] inline Rule decide(const RenewLease& ask, WorkingSet& desk, Timestamp now) {
  const NodeLease* const lease = desk.node(ask.node);
  if (desk.incomplete()) return Rule::none;
  if (!lease) {
    desk.create(NodeLease{ask.node, now, now + ask.lease});
    return Rule::none;
  }
  NodeLease& changed = desk.edit(*lease);
  if (!changed.valid_at(now)) changed.since = now;
  changed.until = now + ask.lease;
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const AttachDevice& ask, WorkingSet& desk, Timestamp now) {
  const NodeLease* const lease = desk.node(ask.device.node);
  const Agent* const agent = desk.agent(ask.agent);
  if (desk.incomplete()) return Rule::none;
  if (!lease || !lease->valid_at(now)) return Rule::lease;
  const auto known = std::ranges::find(agent->devices, ask.device.session, &Device::session);
  if (known != agent->devices.end() && known->epoch >= ask.device.epoch) return Rule::none;
  const bool fresh = desk.version_of(*agent) == 0;
  Agent& changed = desk.edit(*agent);
  if (fresh) changed.intent = ask.initial;
  std::erase_if(changed.devices, [&](const Device& d) { return d.session == ask.device.session; });
  changed.devices.push_back(ask.device);
  changed.absent_since.reset();
  return Rule::none;
}

namespace detail {
/// Takes devices off an agent; `at` is when they went. One that is found dead late may have gone
/// before another one that was there until a moment ago.
template <class Gone>
void drop_devices(const Agent& agent, Gone gone, WorkingSet& desk, Timestamp at) {
  if (std::ranges::none_of(agent.devices, gone)) return;
  Agent& changed = desk.edit(agent);
  std::erase_if(changed.devices, gone);
  changed.last_seen = std::max(changed.last_seen, at);
  if (changed.devices.empty()) changed.absent_since = changed.last_seen;
}
}  // namespace detail

[[nodiscard]] inline Rule decide(const DetachDevice& ask, WorkingSet& desk, Timestamp now) {
  const Agent* const agent = desk.agent(ask.agent);
  if (desk.incomplete()) return Rule::none;
  detail::drop_devices(
      *agent,
      [&](const Device& d) {
        const bool same = d.session == ask.device.session && d.node == ask.device.node;
        return same && d.epoch <= ask.device.epoch;
      },
      desk, now);
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const SetIntent& ask, WorkingSet& desk, Timestamp) {
  const Agent* const agent = desk.agent(ask.agent);
  if (desk.incomplete()) return Rule::none;
  Agent changed = *agent;
  if (ask.intent) changed.intent = *ask.intent;
  if (ask.capacity) changed.capacity = *ask.capacity;
  if (changed == *agent) return Rule::none;  // a retry
  if (ask.version && *ask.version != agent->said) return Rule::version;
  ++changed.said;
  desk.edit(*agent) = std::move(changed);
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const DropDevices& ask, WorkingSet& desk, Timestamp now) {
  const NodeLease* const judge = desk.node(ask.judge);
  const NodeLease* const expired = desk.node(ask.node);
  const Agent* const agent = desk.agent(ask.agent);
  if (desk.incomplete()) return Rule::none;
  if (!judge || !judge->may_judge_at(now, ask.grace)) return Rule::lease;
  if (expired && expired->valid_at(now)) return Rule::too_early;
  // Gone since the lease ran out: the grace period does not start again with whoever notices.
  const Timestamp since = expired ? expired->until : now;
  detail::drop_devices(
      *agent, [&](const Device& d) { return d.node == ask.node; }, desk, since);
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const ForgetNode& ask, WorkingSet& desk, Timestamp now) {
  const NodeLease* const lease = desk.node(ask.node);
  if (desk.incomplete() || !lease) return Rule::none;
  if (now < lease->until + ask.memory) return Rule::too_early;
  desk.remove(*lease);
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const ReturnAbsent& ask, WorkingSet& desk, Timestamp now) {
  const NodeLease* const judge = desk.node(ask.judge);
  const Conversation* const c = desk.conversation(ask.conversation);
  const Agent* const agent = desk.agent(ask.agent);
  if (desk.incomplete()) return Rule::none;
  if (!judge || !judge->may_judge_at(now, ask.grace)) return Rule::lease;
  if (!agent->devices.empty() || !agent->absent_since) return Rule::presence;
  if (!c || c->holder() != ask.agent) return Rule::none;  // somebody else has it by now
  if (c->state == ConversationState::offered) {
    detail::undo_offer(*c, *agent, AssignmentStep::withdrawn, {}, Nanoseconds(0), desk, now);
    return Rule::none;
  }
  if (now < *agent->absent_since + ask.grace) return Rule::too_early;
  detail::send_back(*c, *agent, AssignmentStep::returned, {}, desk, now);
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const EndWrapUp& ask, WorkingSet& desk, Timestamp now) {
  const Agent* const agent = desk.agent(ask.agent);
  if (desk.incomplete()) return Rule::none;
  Agent changed = *agent;
  if (end_wrap_up(changed, now)) desk.edit(*agent) = std::move(changed);
  return Rule::none;
}

}  // namespace kefu::inline v0::core
