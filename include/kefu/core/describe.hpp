// Describe: who else takes part, and what is known about a conversation (see offer.hpp for what
// decisions are).
#pragma once

#include <algorithm>
#include <kefu/core/assignment_parts.hpp>
#include <kefu/core/slots.hpp>
#include <kefu/core/transition.hpp>
#include <kefu/core/working_set.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/model/tags.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kefu::inline v0::core {

/// One more agent takes part, without owning it and without a slot.
struct Join {
  ConversationId conversation;
  std::string agent;
  Participant by = {};  ///< empty: kefu itself
};
/// Somebody takes part no more.
struct Leave {
  ConversationId conversation;
  std::string agent;
};
/// Changes what is given. A higher priority moves it forward in the queue.
struct Describe {
  ConversationId conversation;
  Participant by;
  std::optional<std::string> subject;
  std::optional<Priority> priority;
  std::optional<std::string> language;
  std::optional<std::vector<std::string>> skills;
  std::optional<std::vector<std::string>> tags;
  std::optional<Attributes> attributes;
};

[[nodiscard]] inline Rule decide(const Join& ask, WorkingSet& desk, Timestamp) {
  const Conversation* const c = desk.conversation(ask.conversation);
  if (desk.incomplete()) return Rule::none;
  if (!c || !detail::is_member(*c, ask.by)) return Rule::exists;
  if (c->has_agent(ask.agent)) return Rule::none;  // a retry
  if (!is_owned(c->state)) return Rule::state_table;
  if (c->agents.size() == Conversation::kAgents) return Rule::capacity;
  desk.edit(*c).agents.push_back(ask.agent);
  desk.append(detail::system_entry(c->id, kind::kJoined, ask.agent));
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const Leave& ask, WorkingSet& desk, Timestamp) {
  const Conversation* const c = desk.conversation(ask.conversation);
  if (desk.incomplete()) return Rule::none;
  if (!c) return Rule::exists;
  if (!c->has_agent(ask.agent)) return Rule::none;        // a retry
  if (c->owner() == ask.agent) return Rule::state_table;  // owners release or transfer
  std::erase(desk.edit(*c).agents, ask.agent);
  desk.append(detail::system_entry(c->id, kind::kLeft, ask.agent));
  return Rule::none;
}

[[nodiscard]] inline Rule decide(const Describe& ask, WorkingSet& desk, Timestamp) {
  const Conversation* const c = desk.conversation(ask.conversation);
  if (desk.incomplete()) return Rule::none;
  if (!c || !detail::is_member(*c, ask.by)) return Rule::exists;
  Conversation changed = *c;
  if (ask.subject) changed.subject = *ask.subject;
  if (ask.priority) changed.priority = *ask.priority;
  if (ask.language) changed.language = *ask.language;
  if (ask.skills) changed.skills = *ask.skills;
  if (ask.attributes) changed.attributes = *ask.attributes;
  if (ask.tags) changed.tags = as_tags(*ask.tags);
  if (changed == *c) return Rule::none;
  if (c->expired_at) return Rule::too_late;
  desk.edit(*c) = std::move(changed);
  return Rule::none;
}

}  // namespace kefu::inline v0::core
