#include <kefu/model/state.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace kefu;
using T = TicketState;
using S = ConversationState;

template <class E>
std::vector<E> all() {
  std::vector<E> values;
  for (std::uint8_t i = 0; i <= static_cast<std::uint8_t>(last_of(E{})); ++i)
    values.push_back(static_cast<E>(i));
  return values;
}
std::vector<S> all_states() { return all<S>(); }

/// What can be reached from `from` in any number of steps of the table.
template <class E, class Table>
std::set<E> reachable_in(const Table& table, E from) {
  std::set<E> seen = {from};
  for (bool grew = true; grew;) {
    grew = false;
    for (const auto& [a, b] : table) {
      if (seen.contains(a)) grew = seen.insert(b).second || grew;
    }
  }
  return seen;
}
std::set<S> reachable(S from) { return reachable_in(kConversationTransitions, from); }

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

TEST_CASE("tickets: every state has a name that leads back to it") {
  for (const T state : all<T>()) CHECK(enum_from_name<T>(name(state)) == state);
  CHECK(!enum_from_name<T>("Open"));
}

TEST_CASE("tickets: everything can be opened again but what was merged") {
  std::set<std::pair<T, T>> steps;
  for (const auto& step : kTicketTransitions) {
    CHECK(step.first != step.second);
    CHECK(steps.insert(step).second);
  }
  CHECK(reachable_in(kTicketTransitions, T::new_ticket).size() == all<T>().size());
  for (const T state : all<T>()) {
    const std::set<T> ahead = reachable_in(kTicketTransitions, state);
    CHECK(ahead.contains(T::open) == (state != T::merged));
    if (is_open(state)) CHECK(may_transition(state, T::merged));
    CHECK(!may_transition(state, T::new_ticket));
  }
}

}  // namespace
