#include "desk_rules.hpp"

#include <algorithm>
#include <kefu/core/routing.hpp>
#include <optional>
#include <stdexcept>
#include <utility>

namespace kefu::inline v0::hub {
namespace {

using core::RoutingStrategy;

RoutingStrategy for_the_able(RoutingStrategy among) {
  return core::sticky(core::skill_match(std::move(among)));
}

/// One that kefu brings; nothing for any other name.
std::optional<RoutingStrategy> known_strategy(std::string_view name, Nanoseconds deadline) {
  if (name == strategy::kLeastLoaded) return for_the_able(core::least_loaded());
  if (name == strategy::kRoundRobin) return for_the_able(core::round_robin());
  if (name == strategy::kLongestIdle) return for_the_able(core::longest_idle());
  if (name == strategy::kPick) return core::manual_pick();
  if (name == strategy::kHost) return core::ask_host(deadline, for_the_able(core::least_loaded()));
  return std::nullopt;
}

/// Nobody is asked while it is closed.
RoutingStrategy within(const core::Calendar& calendar, RoutingStrategy strategy) {
  return [&calendar, strategy = std::move(strategy)](const Conversation& c,
                                                     const core::RoutingSnapshot& snapshot) {
    return calendar.is_open(snapshot.now) ? strategy(c, snapshot) : core::Proposal{};
  };
}

void require(bool holds, const std::string& what) {
  if (!holds) throw std::invalid_argument(what);
}

}  // namespace

DeskRules::DeskRules(DeskOptions options) : options_(std::move(options)) {
  require(options_.retain_for.count() >= 0, "DeskOptions: retain_for is below 0");
  for (const auto& [name, open] : options_.calendars)
    calendars_.emplace(name, core::Calendar(open.hours, open.zone));
  for (const Department& department : options_.departments) check(department);
  if (options_.departments.empty()) check(Department{});
  has_picked_ = options_.departments.empty()
                    ? is_picked({})
                    : std::ranges::any_of(options_.departments,
                                          [this](const Department& d) { return is_picked(d.id); });
  watches_visitors_ = std::ranges::any_of(
      options_.departments, [](const Department& d) { return d.abandon_gone_after.count() > 0; });
}

void DeskRules::check(const Department& d) const {
  const std::string& name = strategy_name(d);
  require(options_.strategies.contains(name) || known_strategy(name, {}),
          "DeskOptions: no strategy is called " + name);
  require(name != strategy::kHost || options_.ask, "DeskOptions: strategy host needs ask");
  require(d.retain_for.count() >= 0, "DeskOptions: retain_for of " + d.id + " is below 0");
  require(d.calendar.empty() || options_.calendars.contains(d.calendar),
          "DeskOptions: no calendar is called " + d.calendar);
  require(d.sla.empty() || options_.sla.contains(d.sla),
          "DeskOptions: no SLA policy is called " + d.sla);
  require(d.overflow_to.empty() || (d.overflow_to != d.id && has(d.overflow_to)),
          "DeskOptions: " + d.id + " can't overflow to " + d.overflow_to);
}

const Department* DeskRules::find(std::string_view id) const {
  const auto at = std::ranges::find(options_.departments, id, &Department::id);
  return at == options_.departments.end() ? nullptr : &*at;
}

bool DeskRules::has(std::string_view department) const {
  return options_.departments.empty() || find(department);
}

Department DeskRules::department(std::string_view id) const {
  if (const Department* const known = find(id)) return *known;
  Department unknown;
  unknown.id = id;
  return unknown;
}

bool DeskRules::is_picked(std::string_view department) const {
  const Department* const known = find(department);
  return (known ? strategy_name(*known) : options_.strategy) == strategy::kPick;
}

bool DeskRules::makes_tickets(std::string_view department, Timestamp now) const {
  const Department* const known = find(department);
  return known && known->offline == Offline::ticket && !calendar_of(*known).is_open(now);
}

std::optional<Timestamp> DeskRules::opens_at(const Conversation& c, Timestamp now) const {
  const Department* const known = find(c.department);
  const bool waits = c.state == ConversationState::queued || c.unanswered();
  if (!known || known->calendar.empty() || !waits) return std::nullopt;
  const core::Calendar& calendar = calendar_of(*known);
  return calendar.is_open(now) ? std::nullopt : calendar.next_open(now);
}

RoutingStrategy DeskRules::strategy_of(const Department& department) const {
  const std::string& name = strategy_name(department);
  const auto own = options_.strategies.find(name);
  RoutingStrategy strategy =
      own != options_.strategies.end() ? own->second : *known_strategy(name, options_.ask_deadline);
  if (department.calendar.empty()) return strategy;
  return within(calendar_of(department), std::move(strategy));
}

const core::Calendar& DeskRules::calendar_of(const Department& department) const {
  return calendar_named(department.calendar);
}

const core::Calendar& DeskRules::calendar_named(const std::string& name) const {
  const auto named = calendars_.find(name);
  return named == calendars_.end() ? always_ : named->second;
}

Nanoseconds DeskRules::retention_of(std::string_view department) const {
  const Department* const known = find(department);
  return known && known->retain_for.count() != 0 ? known->retain_for : options_.retain_for;
}

const SlaPolicy* DeskRules::sla_of(const Department& department) const {
  const auto named = options_.sla.find(department.sla);
  return named == options_.sla.end() ? nullptr : &named->second;
}

}  // namespace kefu::inline v0::hub
