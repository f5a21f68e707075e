// HubWorld: what must hold.
#include <algorithm>
#include <limits>

#include "hub_people.hpp"

namespace kefu::sim {

/// Nothing that was the former identity's then is left behind. What is opened just then may be.
void HubWorld::on_claimed(const std::string& former, Timestamp asked) {
  for (const auto& [id, c] : checker_.conversations()) {
    if (c.visitor == former && c.opened_at < asked - kOnItsWay)
      throw Violation("a claim has left something of " + former + " behind");
  }
}

/// It was there before, or is the next in commit order (promise 13).
void HubWorld::on_event(const Event& event) {
  if (event.position <= delivered_) return;
  store_.events(delivered_, 1, [&](result<std::vector<Event>> next) {
    if (!next || next->empty() || next->front().position != event.position)
      throw Violation("promise 13: a sink has missed an event");
  });
  delivered_ = event.position;
}

/// What was delivered stands in some node's log, and no log can be tampered with.
void HubWorld::check_audited() {
  std::set<std::uint64_t> told;
  for (AuditLog& log : audits_) {
    log.check();
    told.merge(log.told());
  }
  store_.events(0, std::numeric_limits<std::size_t>::max(), [&](result<std::vector<Event>> all) {
    for (const Event& event : *all) {
      if (event.position <= delivered_ && !told.contains(event.position))
        throw Violation("promise 12: an event stands in no audit log");
    }
  });
}

/// Who holds it knows of it: the notices follow the slots, whatever got lost on the way.
void HubWorld::check_told() {
  const Timestamp now = store_.now();
  if (outage_ || now - calm_since_ < kTold) return;
  for (const auto& person : people_) {
    if (!person->attached || now - person->link->welcomed_at < kTold) continue;
    for (const AgentSlot& slot : checker_.agents().at(person->who.id).slots) {
      if (slot.use == SlotUse::wrap_up || now - slot.since < kTold) continue;
      const Link& link = *person->link;
      const bool known = slot.use == SlotUse::offered ? link.offered.contains(slot.conversation)
                                                      : link.read.contains(slot.conversation);
      if (!known) throw Violation(person->who.id + " has not heard of a slot of theirs");
    }
  }
}

/// Nobody goes on reading a conversation in which they take no part any more.
void HubWorld::check_reader(const std::string& agent, ConversationId conversation) const {
  const auto left = checker_.left_at(agent, conversation);
  if (left && calm_for(kTold) && store_.now() - *left >= kTold)
    throw Violation(agent + " reads on in what they have no more");
}

/// Whoever opened it, and on whichever node: all devices of a visitor read what is theirs.
void HubWorld::check_enlisted() {
  const Timestamp now = store_.now();
  for (const auto& [id, c] : checker_.conversations()) {
    const std::string owner = is_open(c.state) ? c.visitor : "";
    auto& [known, since] = owners_[id];
    if (known != owner) {
      known = owner;
      since = now;
    }
    // It is told for a while. Who was cut off from that meanwhile asks, or comes back.
    if (owner.empty() || !calm_for(kTold) || now - since < kTold) continue;
    if (std::max(calm_since_, together_since_) > since) continue;
    for (const auto& person : people_) {
      const Link* const link = person->link.get();
      if (person->who.id != owner || !link || !link->session || link->closed) continue;
      if (now - link->welcomed_at >= kTold && !link->read.contains(id))
        throw Violation(owner + " has not heard of a conversation of theirs");
    }
  }
}

/// Who picks sees all who wait, wherever those are, and nobody who does not.
void HubWorld::check_shown() {
  const Timestamp now = store_.now();
  if (shelf_.empty() || outage_ || now - calm_since_ < Shelf::kSeen) return;
  for (const auto& person : people_) {
    if (person->attached && !person->link->closed &&
        now - person->link->welcomed_at >= Shelf::kSeen)
      shelf_.check(person->who.id, person->link->offered, now);
  }
}

bool HubWorld::calm_for(Nanoseconds time) const {
  const bool all_there =
      std::ranges::all_of(nodes_, [](const auto& node) { return node != nullptr; });
  return !outage_ && all_there && store_.now() - calm_since_ >= time;
}

/// Whoever reads a log, now or later, knows what was taken back of it; its number is still there.
void HubWorld::check_recalled() {
  const Timestamp now = store_.now();
  for (const auto& [place, since] : talk_.recalled()) {
    store_.read({place.conversation, place.log, place.seq - 1, 1, 1},
                [&place = place](result<Page> page) {
                  if (page->entries.empty() || page->entries.front().seq != place.seq)
                    throw Violation("the number of a message that was taken back is gone");
                });
    if (!calm_for(kTold) || now - since < kTold) continue;
    for (const auto& person : people_) {
      const Link* const link = person->link.get();
      if (!link || link->closed) continue;
      if (place.log == Log::internal && person->who.role == Role::visitor) continue;
      const auto reading = link->read.find(place.conversation);
      if (reading == link->read.end() || now - reading->second.since < kTold) continue;
      if (!link->told.contains(place))
        throw Violation(person->who.id + " has not heard that a message was taken back");
    }
  }
}

void HubWorld::check_kept_out() {
  if (!calm_for(kTold)) return;
  for (const auto& person : people_) {
    const Link* const link = person->link.get();
    if (link && link->session && !link->closed && talk_.is_banned(person->who.id, store_.now()))
      throw Violation(person->who.id + " is banned, and still there");
  }
}

/// With one device at least, for so long.
bool HubWorld::is_there(const std::string& visitor, Nanoseconds since) const {
  return std::ranges::any_of(people_, [&](const auto& person) {
    const Link* const link = person->link.get();
    return person->who.id == visitor && link && link->session && !link->closed &&
           clock_.now() - link->welcomed_at >= since;
  });
}

/// Since when with all devices; nothing while one is there, or went without anybody hearing of it.
std::optional<Timestamp> HubWorld::left_since(const std::string& visitor) const {
  Timestamp last;
  for (const auto& person : people_) {
    if (person->who.id != visitor) continue;
    if ((person->link && person->link->session) || !person->left) return std::nullopt;
    last = std::max(last, *person->left);
  }
  return last;
}

bool HubWorld::any_alive() const {
  return std::ranges::any_of(nodes_, [](const auto& node) { return node != nullptr; });
}

/// Who is there keeps their place, and who has left while they waited does not keep it for long.
void HubWorld::check_departures() {
  if (mutant_ == Mutant::edge_triggered) return;  // it does not sweep: that is not what it is for
  const Timestamp now = store_.now();
  for (const auto& [id, c] : checker_.conversations()) {
    if (c.state == ConversationState::abandoned) {
      if (abandoned_.insert(id).second && calm_for(kTold) && is_there(c.visitor, kTold))
        throw Violation(c.visitor + " was given up, and is there");
    } else {
      abandoned_.erase(id);
    }
    const bool waits =
        c.state == ConversationState::queued || c.state == ConversationState::offered;
    if (!waits) {
      waiting_.erase(id);
      continue;
    }
    const Timestamp since = waiting_.try_emplace(id, now).first->second;
    const auto left = left_since(c.visitor);
    // The node that they left knew that they waited; contacts also have what was others'.
    if (!left || *left - std::max(since, served_since_) < kTold || is_contact(c.visitor)) continue;
    const bool served = !outage_ && any_alive();
    if (served && now - std::max(*left, served_since_) >= kPatience + kTold)
      throw Violation(c.visitor + " has left, and keeps their place");
  }
}

}  // namespace kefu::sim
