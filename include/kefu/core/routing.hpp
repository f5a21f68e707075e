// Routing: the strategies that kefu brings, made of each other:
// sticky(skill_match(least_loaded())).
#pragma once

#include <algorithm>
#include <cstdint>
#include <kefu/core/routing_strategy.hpp>
#include <kefu/core/slots.hpp>
#include <kefu/model/agent.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/model/time.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kefu::inline v0::core {

/// Takes the devices off a snapshot whose node's lease is over, as `is_alive(node)` says: they keep
/// nobody present. An agent without devices is no candidate.
template <class IsAlive>
void drop_dead_devices(std::vector<Agent>& agents, IsAlive is_alive) {
  for (Agent& agent : agents)
    std::erase_if(agent.devices, [&](const Device& device) { return !is_alive(device.node); });
}

/// Who could be asked now: present, willing, with a free slot, and not one who has just declined.
[[nodiscard]] inline std::vector<const Agent*> candidates(const Conversation& c,
                                                          const RoutingSnapshot& snapshot) {
  std::vector<const Agent*> out;
  for (const Agent& agent : snapshot.agents) {
    const bool declined = std::ranges::any_of(c.assignment.declined, [&](const Declined& d) {
      return d.agent == agent.id && snapshot.now < d.until;
    });
    if (!declined && may_be_offered(agent, c.department) == Rule::none) out.push_back(&agent);
  }
  return out;
}

namespace detail {

/// Proposes the first candidate in an order; the id decides between equals.
template <class Before>
RoutingStrategy first_by(Before before) {
  return [before](const Conversation& c, const RoutingSnapshot& snapshot) -> Proposal {
    const std::vector<const Agent*> all = candidates(c, snapshot);
    const auto best = std::min_element(all.begin(), all.end(), [&](const Agent* a, const Agent* b) {
      if (before(*a, *b)) return true;
      return !before(*b, *a) && a->id < b->id;
    });
    if (best == all.end()) return {};
    return {Proposal::What::agent, (*best)->id, {}};
  };
}

/// The sum of an agent's levels in the skills that are needed; nothing when one is missing, or the
/// language.
[[nodiscard]] inline std::optional<std::uint64_t> match(const Agent& agent, const Conversation& c) {
  const bool understands = c.language.empty() || agent.languages.empty() ||
                           std::ranges::find(agent.languages, c.language) != agent.languages.end();
  if (!understands) return std::nullopt;
  std::uint64_t level = 0;
  for (const std::string& needed : c.skills) {
    const auto skill = std::ranges::find(agent.skills, needed, &Skill::name);
    if (skill == agent.skills.end()) return std::nullopt;
    level += skill->level;
  }
  return level;
}

}  // namespace detail

/// In turn: who was last offered something longest ago.
[[nodiscard]] inline RoutingStrategy round_robin() {
  return detail::first_by(
      [](const Agent& a, const Agent& b) { return a.last_offered_at < b.last_offered_at; });
}

/// Whose slots are filled the least, in proportion.
[[nodiscard]] inline RoutingStrategy least_loaded() {
  return detail::first_by([](const Agent& a, const Agent& b) {
    const std::uint64_t left = std::uint64_t{a.slots.size()} * b.capacity;
    const std::uint64_t right = std::uint64_t{b.slots.size()} * a.capacity;
    return left != right ? left < right : a.last_offered_at < b.last_offered_at;
  });
}

/// Who finished something longest ago.
[[nodiscard]] inline RoutingStrategy longest_idle() {
  return detail::first_by(
      [](const Agent& a, const Agent& b) { return a.idle_since < b.idle_since; });
}

/// Nobody: agents pick from the queue themselves.
[[nodiscard]] inline RoutingStrategy manual_pick() {
  return [](const Conversation&, const RoutingSnapshot&) { return Proposal{}; };
}

/// The agent who had the conversation before; another one when that is not possible now.
[[nodiscard]] inline RoutingStrategy sticky(RoutingStrategy fallback) {
  return [fallback = std::move(fallback)](const Conversation& c, const RoutingSnapshot& snapshot) {
    for (const Agent* agent : candidates(c, snapshot)) {
      if (agent->id == c.assignment.preferred)
        return Proposal{Proposal::What::agent, agent->id, {}};
    }
    return fallback(c, snapshot);
  };
}

/// Only those who have every skill that is needed and speak the language; of them the best, and
/// `among` decides between equals.
[[nodiscard]] inline RoutingStrategy skill_match(RoutingStrategy among) {
  return [among = std::move(among)](const Conversation& c, const RoutingSnapshot& snapshot) {
    std::uint64_t best = 0;
    for (const Agent* agent : candidates(c, snapshot))
      best = std::max(best, detail::match(*agent, c).value_or(0));
    RoutingSnapshot matching{snapshot.department, snapshot.now, {}};
    for (const Agent* agent : candidates(c, snapshot)) {
      if (detail::match(*agent, c) == best) matching.agents.push_back(*agent);
    }
    return among(c, matching);
  };
}

/// The host decides, within `deadline`; then `fallback` does.
[[nodiscard]] inline RoutingStrategy ask_host(Nanoseconds deadline, RoutingStrategy fallback) {
  return [deadline, fallback = std::move(fallback)](const Conversation& c,
                                                    const RoutingSnapshot& snapshot) {
    if (!c.assignment.asked_until) return Proposal{Proposal::What::ask_host, {}, deadline};
    if (snapshot.now < *c.assignment.asked_until) return Proposal{};
    return fallback(c, snapshot);
  };
}

}  // namespace kefu::inline v0::core
