#include "checker.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace kefu::sim {
namespace {

[[noreturn]] void fail(int promise, const std::string& what) {
  throw Violation("promise " + std::to_string(promise) + ": " + what);
}

}  // namespace

void Checker::on_change(const RecordKey& key, const std::optional<DeskRecord>& value,
                        Timestamp now) {
  if (!value) return;  // neither agents nor conversations are ever removed
  if (const auto* agent = std::get_if<Agent>(&*value)) agents_[key.id] = *agent;
  if (const auto* lease = std::get_if<NodeLease>(&*value)) leases_[lease->id] = *lease;
  if (const auto* c = std::get_if<Conversation>(&*value)) {
    const auto known = conversations_.find(c->id);
    check_history(known == conversations_.end() ? nullptr : &known->second, *c, now);
    if (known != conversations_.end()) note_leaving(known->second, *c, now);
    conversations_[c->id] = *c;
  }
}

void Checker::check_history(const Conversation* before, const Conversation& after, Timestamp now) {
  const std::uint64_t seen = before ? before->assignment.epoch : 0;
  if (after.assignment.epoch < seen) fail(7, "an assignment epoch went back");
  for (const AssignmentEvent& event : after.assignment.history) {
    if (event.epoch <= seen) continue;
    if (event.step == AssignmentStep::accepted) ++accepted;
    if (event.step == AssignmentStep::expired) ++expired;
    if (event.step != AssignmentStep::returned) continue;
    ++returned;
    const auto gone = gone_.find(event.agent);
    if (gone == gone_.end()) fail(10, event.agent + " is there, and lost a conversation");
    if (now - std::max(gone->second, forgiven_) < bounds_.grace)
      fail(10, event.agent + " lost a conversation within the grace period");
    if (!after.assignment.returned) fail(10, "a returned conversation is not at the head");
  }
}

void Checker::note_leaving(const Conversation& before, const Conversation& after, Timestamp now) {
  for (const std::string& agent : before.agents) {
    if (!after.has_agent(agent)) left_[{agent, after.id}] = now;
  }
  for (const std::string& agent : after.agents) left_.erase({agent, after.id});
}

std::optional<Timestamp> Checker::left_at(const std::string& agent,
                                          ConversationId conversation) const {
  const auto at = left_.find({agent, conversation});
  return at == left_.end() ? std::nullopt : std::optional(at->second);
}

/// A change that names an assignment is the one step that follows on it.
void Checker::on_asked(ConversationId conversation, std::uint64_t epoch) const {
  if (conversations_.at(conversation).assignment.epoch != epoch + 1)
    fail(15, "a change was made on an assignment that had moved on");
}

void Checker::on_commit(Timestamp now) {
  ++commits;
  check_agents();
  check_conversations();
  check_waiting(now);
}

/// Slots and holders name each other.
void Checker::check_agents() const {
  for (const auto& [id, agent] : agents_) {
    if (agent.slots.size() > agent.capacity) fail(7, id + " is over capacity");
    for (const AgentSlot& slot : agent.slots) {
      if (slot.use == SlotUse::wrap_up) continue;
      const Conversation& c = conversations_.at(slot.conversation);
      const bool offered = c.state == ConversationState::offered;
      if (c.holder() != id || offered != (slot.use == SlotUse::offered))
        fail(7, id + " has a slot for what is not theirs");
    }
  }
}

void Checker::check_conversations() const {
  std::set<std::pair<std::string, std::string>> open;
  for (const auto& [id, c] : conversations_) {
    if (is_open(c.state) && !open.emplace(c.visitor, c.department).second)
      fail(9, c.visitor + " has two open conversations in " + c.department);
    if (c.holder().empty()) continue;
    const auto agent = agents_.find(std::string(c.holder()));
    if (agent == agents_.end() || !agent->second.slot_of(id))
      fail(7, "an owner without a slot: " + std::string(c.holder()));
  }
}

void Checker::on_time(Timestamp now) {
  check_waiting(now);
  check_absent(now);
}

bool Checker::is_servable(const Conversation& c, Timestamp now) const {
  if (!up_ || c.state != ConversationState::queued) return false;
  core::RoutingSnapshot snapshot{c.department, now, {}};
  for (const auto& [name, agent] : agents_) snapshot.agents.push_back(agent);
  core::drop_dead_devices(snapshot.agents, [&](const std::string& node) {
    const auto lease = leases_.find(node);
    return lease != leases_.end() && lease->second.valid_at(now);
  });
  return strategy_(c, snapshot).what == core::Proposal::What::agent;
}

void Checker::check_waiting(Timestamp now) {
  for (const auto& [id, c] : conversations_) {
    if (!is_servable(c, now)) {
      servable_since_.erase(id);
      continue;
    }
    const Timestamp since =
        std::max(servable_since_.try_emplace(id, now).first->second, disturbed_);
    if (now - since > bounds_.routing) fail(8, c.visitor + " waits while somebody has a free slot");
  }
}

void Checker::check_absent(Timestamp now) {
  const bool judged = std::ranges::any_of(
      leases_, [&](const auto& lease) { return lease.second.may_judge_at(now, bounds_.grace); });
  if (!up_ || !judged) unjudged_ = now;
  const Nanoseconds bound = bounds_.lease + bounds_.grace + bounds_.slack;
  for (const auto& [id, gone] : gone_) {
    const auto agent = agents_.find(id);
    if (agent == agents_.end()) continue;
    for (const AgentSlot& slot : agent->second.slots) {
      const Timestamp from = std::max({gone, disturbed_, unjudged_, slot.since});
      if (slot.use == SlotUse::owned && now - from >= bound)
        fail(10, id + " has gone, and still keeps a conversation");
    }
  }
}

void Checker::on_gone(const std::string& agent, Timestamp now) { gone_.try_emplace(agent, now); }
void Checker::on_back(const std::string& agent) { gone_.erase(agent); }

}  // namespace kefu::sim
