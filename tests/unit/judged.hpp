// What a policy says of a message, for tests of those that answer inside the call.
#pragma once

#include <doctest/doctest.h>

#include <kefu/policy.hpp>
#include <optional>
#include <string>
#include <utility>

namespace kefu::inline v0::testing {

struct Said {
  std::string_view body;
  std::string_view from = "ann";
  Role role = Role::visitor;
  std::string_view kind = kind::kText;
  Instant deadline = {};
};

inline Verdict judged(Policy& policy, const Said& said) {
  static const Conversation conversation;
  std::optional<Verdict> verdict;
  policy.decide({said.from, said.role, conversation, "", Log::public_log, said.kind, said.body},
                said.deadline, [&](Verdict given) { verdict = std::move(given); });
  REQUIRE(verdict);
  return *verdict;
}

inline bool allowed(const Verdict& verdict) { return std::holds_alternative<Allow>(verdict); }
inline bool denied(const Verdict& verdict) { return std::holds_alternative<Deny>(verdict); }

}  // namespace kefu::inline v0::testing
