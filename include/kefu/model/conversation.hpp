// Conversation: the durable thread between one visitor and the agents. This is its record; its
// messages are in its log.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <kefu/model/id.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/model/time.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kefu {

enum class ConversationState : std::uint8_t {
  bot,
  queued,
  offered,
  active,
  on_hold,
  resolved,
  closed,
  abandoned
};

[[nodiscard]] constexpr std::string_view name(ConversationState state) noexcept {
  switch (state) {
    case ConversationState::bot:
      return "bot";
    case ConversationState::queued:
      return "queued";
    case ConversationState::offered:
      return "offered";
    case ConversationState::active:
      return "active";
    case ConversationState::on_hold:
      return "on_hold";
    case ConversationState::resolved:
      return "resolved";
    case ConversationState::closed:
      return "closed";
    case ConversationState::abandoned:
      return "abandoned";
  }
  return "closed";
}

[[nodiscard]] constexpr std::optional<ConversationState> conversation_state_from_name(
    std::string_view text) noexcept {
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(ConversationState::abandoned); ++i) {
    if (name(static_cast<ConversationState>(i)) == text) return static_cast<ConversationState>(i);
  }
  return std::nullopt;
}

/// The whole state table. Every write goes through may_transition().
inline constexpr auto kConversationTransitions = [] {
  using S = ConversationState;
  return std::to_array<std::pair<S, S>>({
      {S::bot, S::queued},        {S::bot, S::closed},      {S::bot, S::abandoned},  //
      {S::queued, S::offered},    {S::queued, S::active},   {S::queued, S::closed},
      {S::queued, S::abandoned},  //
      {S::offered, S::queued},    {S::offered, S::active},  {S::offered, S::closed},
      {S::offered, S::abandoned},  //
      {S::active, S::queued},     {S::active, S::on_hold},  {S::active, S::resolved},
      {S::active, S::closed},  //
      {S::on_hold, S::active},    {S::on_hold, S::queued},  {S::on_hold, S::resolved},
      {S::on_hold, S::closed},                                                         //
      {S::resolved, S::closed},   {S::resolved, S::active}, {S::resolved, S::queued},  // reopen
      {S::closed, S::queued},     {S::closed, S::active},                              // reopen
      {S::abandoned, S::queued},                                                       // reopen
  });
}();

[[nodiscard]] constexpr bool may_transition(ConversationState from, ConversationState to) noexcept {
  return std::ranges::find(kConversationTransitions, std::pair{from, to}) !=
         kConversationTransitions.end();
}

/// True while messages may be appended.
[[nodiscard]] constexpr bool is_open(ConversationState state) noexcept {
  return state != ConversationState::closed && state != ConversationState::abandoned;
}

struct Conversation {
  ConversationId id;
  ConversationState state = ConversationState::queued;
  std::string visitor;              ///< the visitor's participant id
  std::string department;           ///< where it is routed; may be empty
  std::string subject;              ///< free text, may be empty
  std::vector<std::string> agents;  ///< participant ids of the agents in it; the first is the owner
  Timestamp opened_at;

  [[nodiscard]] bool has_agent(std::string_view who) const {
    return std::ranges::find(agents, who) != agents.end();
  }
  /// Visitors, agents and bots read and write only what is theirs; supervisors are let in by role.
  [[nodiscard]] bool admits(Role role, std::string_view who) const {
    switch (role) {
      case Role::visitor:
        return who == visitor;
      case Role::agent:
      case Role::bot:
        return has_agent(who);
      case Role::supervisor:
        return true;
    }
    return false;
  }
  friend bool operator==(const Conversation&, const Conversation&) = default;
};

}  // namespace kefu
