#include <kefu/model/conversation.hpp>

#include <doctest/doctest.h>

#include <set>
#include <vector>

namespace {

using namespace kefu;
using S = ConversationState;

std::vector<S> all_states() {
  std::vector<S> all;
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(S::abandoned); ++i)
    all.push_back(static_cast<S>(i));
  return all;
}

/// What can be reached from `from` in any number of steps.
std::set<S> reachable(S from) {
  std::set<S> seen = {from};
  for (bool grew = true; grew;) {
    grew = false;
    for (const auto& [a, b] : kConversationTransitions) {
      if (seen.contains(a)) grew = seen.insert(b).second || grew;
    }
  }
  return seen;
}

TEST_CASE("every state has a name that leads back to it") {
  std::set<std::string_view> names;
  for (const S state : all_states()) {
    CHECK(conversation_state_from_name(name(state)) == state);
    CHECK(names.insert(name(state)).second);
  }
  CHECK(!conversation_state_from_name(""));
  CHECK(!conversation_state_from_name("open"));
  CHECK(!conversation_state_from_name("Queued"));
}

TEST_CASE("the state table: no step stands still or twice, and nothing is a dead end") {
  std::set<std::pair<S, S>> steps;
  for (const auto& step : kConversationTransitions) {
    CHECK(step.first != step.second);
    CHECK(steps.insert(step).second);
  }
  CHECK(reachable(S::bot).size() == all_states().size());
  for (const S state : all_states()) {
    CHECK(reachable(state).contains(S::active));
    CHECK(reachable(state).contains(S::closed));
    if (is_open(state)) CHECK(may_transition(state, S::closed));
  }
}

TEST_CASE("only the path of the design is open") {
  CHECK(may_transition(S::bot, S::queued));
  CHECK(may_transition(S::queued, S::offered));
  CHECK(may_transition(S::offered, S::active));
  CHECK(may_transition(S::active, S::on_hold));
  CHECK(may_transition(S::on_hold, S::active));
  CHECK(may_transition(S::active, S::resolved));
  CHECK(may_transition(S::resolved, S::closed));
  CHECK(!may_transition(S::closed, S::closed));
  CHECK(!may_transition(S::closed, S::resolved));
  CHECK(!may_transition(S::queued, S::resolved));
  CHECK(!may_transition(S::queued, S::bot));
  CHECK(!may_transition(S::active, S::offered));
  CHECK(!may_transition(S::active, S::abandoned));  // only who still waits can give up
}

TEST_CASE("messages are taken in all states but the final ones") {
  for (const S state : all_states())
    CHECK(is_open(state) == (state != S::closed && state != S::abandoned));
}

TEST_CASE("a conversation admits those in it") {
  Conversation conversation;
  conversation.visitor = "v";
  conversation.agents = {"a", "b"};
  CHECK(conversation.admits(Role::visitor, "v"));
  CHECK(!conversation.admits(Role::visitor, "w"));
  CHECK(!conversation.admits(Role::visitor, "a"));  // an agent's id in a visitor's token
  CHECK(conversation.admits(Role::agent, "b"));
  CHECK(conversation.admits(Role::bot, "a"));
  CHECK(!conversation.admits(Role::agent, "v"));
  CHECK(!conversation.admits(Role::agent, ""));
  CHECK(conversation.admits(Role::supervisor, "s"));
}

}  // namespace
