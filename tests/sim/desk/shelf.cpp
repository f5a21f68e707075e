#include "shelf.hpp"

namespace kefu::sim {

void Shelf::on_commit(Timestamp now) {
  if (picked_.empty()) return;
  for (const auto& [id, c] : checker_.conversations()) {
    const bool waits = c.state == ConversationState::queued && is_picked(c.department);
    note(places_[id], Place{waits ? c.department : "", c.assignment.epoch}, now);
  }
  for (const auto& [id, agent] : checker_.agents()) note(serve_[id], agent.departments, now);
}

void Shelf::check(const std::string& agent, const Shown& shown, Timestamp now) const {
  const Agent& record = checker_.agents().at(agent);
  if (now - serve_.at(agent).at < kSeen) return;
  for (const auto& [id, since] : places_) {
    if (now - since.at < kSeen) continue;
    const auto& [department, round] = since.what;
    const auto seen = shown.find(id);
    const AgentSlot* const slot = record.slot_of(id);
    if (department.empty() || !record.serves(department)) {
      const bool asked = slot && slot->use == SlotUse::offered;
      if (seen != shown.end() && !asked)
        throw Violation(agent + " is still shown what is not theirs to take");
    } else if (seen == shown.end()) {
      throw Violation(agent + " is not shown somebody who waits");
    } else if (seen->second != round) {
      throw Violation(agent + " is shown an older round of what waits");
    }
  }
}

}  // namespace kefu::sim
