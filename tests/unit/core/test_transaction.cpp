#include <kefu/core/transaction.hpp>

#include <doctest/doctest.h>

namespace {

using namespace kefu;
using namespace kefu::core;
using State = Transaction::State;
constexpr Timestamp kNow{1};

/// Counts the agent's capacity up: it needs one record.
Transaction counting() {
  return Transaction([](WorkingSet& desk, Timestamp) {
    const Agent* const agent = desk.agent("ann");
    if (desk.incomplete()) return Rule::none;
    if (agent->capacity == 100) return Rule::capacity;
    ++desk.edit(*agent).capacity;
    return Rule::none;
  });
}

Agent ann(std::uint32_t capacity) {
  Agent agent;
  agent.id = "ann";
  agent.capacity = capacity;
  return agent;
}

template <class T>
T only(TransactionEffects& effects) {
  REQUIRE(effects.size() == 1);
  REQUIRE(std::holds_alternative<T>(effects.front()));
  T effect = std::get<T>(effects.front());
  effects.clear();
  return effect;
}

TEST_CASE("it reads what the decision asks for, and commits what it changed") {
  Transaction transaction = counting();
  TransactionEffects out;
  transaction.start(kNow, out);
  CHECK(only<transaction_effect::Read>(out).keys == std::vector<RecordKey>{agent_key("ann")});
  transaction.records().load(agent_key("ann"), ann(3), 7);
  transaction.on_read(kNow, out);
  (void)only<transaction_effect::Commit>(out);
  CHECK(transaction.state() == State::committing);
  const WorkingSet::Row& row = transaction.records().rows().at(agent_key("ann"));
  CHECK(row.changed);
  CHECK(row.version == 7);
  CHECK(std::get<Agent>(*row.value).capacity == 4);
  transaction.on_committed(out);
  const auto ended = only<transaction_effect::Ended>(out);
  CHECK(ended.code == errc::ok);
  CHECK(ended.changed);
}

TEST_CASE("a lost race and an unknown outcome begin anew, on new records") {
  for (const errc code : {errc::conflict, errc::timed_out}) {
    Transaction transaction = counting();
    TransactionEffects out;
    transaction.start(kNow, out);
    for (std::uint32_t round = 0; round < 3; ++round) {
      (void)only<transaction_effect::Read>(out);
      transaction.records().load(agent_key("ann"), ann(round), round + 1);
      transaction.on_read(kNow, out);
      (void)only<transaction_effect::Commit>(out);
      transaction.on_failed(code, kNow, out);
    }
    (void)only<transaction_effect::Read>(out);
    CHECK(transaction.records().rows().empty());
  }
}

TEST_CASE("who always loses is told in the end") {
  Transaction transaction = counting();
  TransactionEffects out;
  transaction.start(kNow, out);
  for (int attempt = 0; attempt < Transaction::kAttempts; ++attempt) {
    (void)only<transaction_effect::Read>(out);
    transaction.records().load(agent_key("ann"), ann(1), 1);
    transaction.on_read(kNow, out);
    (void)only<transaction_effect::Commit>(out);
    transaction.on_failed(errc::conflict, kNow, out);
  }
  const auto ended = only<transaction_effect::Ended>(out);
  CHECK(ended.rule == Rule::contention);
  CHECK(ended.code == errc::unavailable);
  CHECK(is_retryable(ended.code));
}

TEST_CASE("a refusal names its rule; a failing Store has none") {
  Transaction refused = counting();
  TransactionEffects out;
  refused.start(kNow, out);
  out.clear();
  refused.records().load(agent_key("ann"), ann(100), 1);
  refused.on_read(kNow, out);
  auto ended = only<transaction_effect::Ended>(out);
  CHECK(ended.rule == Rule::capacity);
  CHECK(ended.code == errc::conflict);
  CHECK(!ended.changed);

  Transaction failed = counting();
  failed.start(kNow, out);
  out.clear();
  failed.on_failed(errc::store_failed, kNow, out);
  ended = only<transaction_effect::Ended>(out);
  CHECK(ended.rule == Rule::none);
  CHECK(ended.code == errc::store_failed);
}

}  // namespace
