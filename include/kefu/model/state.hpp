// The two state tables, conversation and ticket, as data. Nothing else in kefu says which step is
// allowed: every write of a state goes through core/transition.hpp, which asks these.
#pragma once

#include <array>
#include <cstdint>
#include <kefu/model/contains.hpp>
#include <kefu/model/enum_name.hpp>
#include <optional>
#include <string_view>
#include <utility>

namespace kefu::inline v0 {

/// Where a conversation stands.
enum class ConversationState : std::uint8_t {
  bot,        ///< a bot talks to the visitor
  queued,     ///< waits for an agent
  offered,    ///< one agent is asked, and has a slot kept for it
  active,     ///< an agent owns it
  on_hold,    ///< owned, and paused until somebody or a timer resumes it
  resolved,   ///< the agent is done; it can be reopened, and still takes messages
  closed,     ///< final, unless reopened
  abandoned,  ///< the visitor left before an agent came
};

/// Where a ticket stands.
enum class TicketState : std::uint8_t {
  new_ticket,  ///< nobody has looked at it
  open,        ///< being worked on
  pending,     ///< waits for the requester, until a time if it has one
  on_hold,     ///< waits for somebody else
  resolved,    ///< done, as the agent thinks
  closed,      ///< final, unless reopened
  merged,      ///< its work goes on in another ticket; final
};

[[nodiscard]] constexpr std::string_view name(ConversationState state) noexcept {
  constexpr std::string_view kNames[] = {"bot",     "queued",   "offered", "active",
                                         "on_hold", "resolved", "closed",  "abandoned"};
  return kNames[static_cast<std::size_t>(state)];
}
[[nodiscard]] constexpr ConversationState last_of(ConversationState) noexcept {
  return ConversationState::abandoned;
}

[[nodiscard]] constexpr std::string_view name(TicketState state) noexcept {
  constexpr std::string_view kNames[] = {"new",      "open",   "pending", "on_hold",
                                         "resolved", "closed", "merged"};
  return kNames[static_cast<std::size_t>(state)];
}
[[nodiscard]] constexpr TicketState last_of(TicketState) noexcept { return TicketState::merged; }

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

inline constexpr auto kTicketTransitions = [] {
  using S = TicketState;
  return std::to_array<std::pair<S, S>>({
      {S::new_ticket, S::open},     {S::new_ticket, S::pending}, {S::new_ticket, S::on_hold},
      {S::new_ticket, S::resolved}, {S::new_ticket, S::closed},  {S::new_ticket, S::merged},  //
      {S::open, S::pending},        {S::open, S::on_hold},       {S::open, S::resolved},
      {S::open, S::closed},         {S::open, S::merged},  //
      {S::pending, S::open},        {S::pending, S::on_hold},    {S::pending, S::resolved},
      {S::pending, S::closed},      {S::pending, S::merged},  //
      {S::on_hold, S::open},        {S::on_hold, S::pending},    {S::on_hold, S::resolved},
      {S::on_hold, S::closed},      {S::on_hold, S::merged},                                //
      {S::resolved, S::open},       {S::resolved, S::closed},    {S::resolved, S::merged},  //
      {S::closed, S::open},  // reopen
  });
}();

/// Whether the table has this step.
[[nodiscard]] constexpr bool may_transition(ConversationState from, ConversationState to) noexcept {
  return detail::contains(kConversationTransitions, std::pair{from, to});
}
[[nodiscard]] constexpr bool may_transition(TicketState from, TicketState to) noexcept {
  return detail::contains(kTicketTransitions, std::pair{from, to});
}

/// True while messages may be appended.
[[nodiscard]] constexpr bool is_open(ConversationState state) noexcept {
  return state != ConversationState::closed && state != ConversationState::abandoned;
}
/// True while there is work to do.
[[nodiscard]] constexpr bool is_open(TicketState state) noexcept {
  return state < TicketState::resolved;
}

/// True for what may expire: it is over, though a closed one can be reopened.
[[nodiscard]] constexpr bool is_over(ConversationState state) noexcept { return !is_open(state); }
[[nodiscard]] constexpr bool is_over(TicketState state) noexcept {
  return state == TicketState::closed || state == TicketState::merged;
}

/// True while the conversation's first agent is its owner, and a slot of that agent holds it.
[[nodiscard]] constexpr bool is_owned(ConversationState state) noexcept {
  return state == ConversationState::active || state == ConversationState::on_hold;
}

/// The state of that name; nothing for any other text.
[[nodiscard]] constexpr std::optional<ConversationState> conversation_state_from_name(
    std::string_view text) noexcept {
  return enum_from_name<ConversationState>(text);
}

}  // namespace kefu::inline v0
