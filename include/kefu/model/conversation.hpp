// Conversation: the durable thread between one visitor and the agents. This is its record; its
// messages are in its log.
#pragma once

#include <cstdint>
#include <kefu/model/assignment.hpp>
#include <kefu/model/contains.hpp>
#include <kefu/model/enum_name.hpp>
#include <kefu/model/id.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/model/state.hpp>
#include <kefu/model/time.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0 {

/// Of conversations and tickets. A queue serves the higher one first.
enum class Priority : std::uint8_t { low, normal, high, urgent };

[[nodiscard]] constexpr std::string_view name(Priority priority) noexcept {
  constexpr std::string_view kNames[] = {"low", "normal", "high", "urgent"};
  return kNames[static_cast<std::size_t>(priority)];
}
[[nodiscard]] constexpr Priority last_of(Priority) noexcept { return Priority::urgent; }

/// What a host knows about a conversation or a ticket; kefu only keeps it.
using Attributes = std::map<std::string, std::string>;

/// Visitors, agents and bots read and write only what is theirs; supervisors are let in by role.
[[nodiscard]] inline bool admits(std::string_view visitor, const std::vector<std::string>& agents,
                                 Role role, std::string_view who) {
  switch (role) {
    case Role::visitor:
      return who == visitor;
    case Role::agent:
    case Role::bot:
      return detail::contains(agents, who);
    case Role::supervisor:
      return true;
  }
  return false;
}

struct Conversation {
  ConversationId id;
  ConversationState state = ConversationState::queued;
  std::string visitor;              ///< the visitor's participant id
  std::string department;           ///< where it is routed; may be empty
  std::string subject;              ///< free text, may be empty
  std::vector<std::string> agents;  ///< participant ids of the agents in it; the first is the owner
  Timestamp opened_at;

  Priority priority = Priority::normal;
  std::string language;             ///< a tag of BCP 47 such as "zh-Hans"; may be empty
  std::vector<std::string> skills;  ///< that its agent needs
  std::vector<std::string> tags;    ///< sorted, each once
  Attributes attributes;
  std::optional<Timestamp> snooze_until;  ///< on_hold: it resumes by itself then
  std::optional<Timestamp> ends_at;  ///< queued: given up then; resolved: it closes by itself then
  std::optional<Timestamp> expires_at;  ///< over: what is personal in it is taken out from then on
  std::optional<Timestamp> expired_at;  ///< when that began: it is never reopened
  std::optional<Timestamp> gone_until;  ///< queued, offered: the visitor has left, and it is given
                                        ///< up then, unless they are back
  Assignment assignment;

  static constexpr std::size_t kAgents = 32;  ///< that may take part at once

  /// It was left while its department was closed (Offline::ticket), and nobody has answered yet.
  [[nodiscard]] bool unanswered() const {
    return state == ConversationState::resolved && agents.empty();
  }
  /// This agent takes part.
  [[nodiscard]] bool has_agent(std::string_view who) const { return detail::contains(agents, who); }
  /// Who owns it: it fills one of their slots. Empty while nobody does.
  [[nodiscard]] std::string_view owner() const {
    return is_owned(state) && !agents.empty() ? std::string_view(agents.front())
                                              : std::string_view();
  }
  /// Whose slot it fills, as owner or by an offer. Empty while nobody's.
  [[nodiscard]] std::string_view holder() const {
    if (state == ConversationState::offered && assignment.offer) return assignment.offer->agent;
    return owner();
  }
  /// May read and write it.
  [[nodiscard]] bool admits(Role role, std::string_view who) const {
    return kefu::admits(visitor, agents, role, who);
  }
  friend bool operator==(const Conversation&, const Conversation&) = default;
};

}  // namespace kefu::inline v0
