// Transaction: one change of the desk, from reading to its outcome. It reads what the decision asks
// for, lets it decide, commits on the versions read, and begins anew when it lost a race. So a
// decision is a plain function of records, and no lock is held anywhere.
//
//   reading ──records──▶ (decide) ──▶ committing ──▶ ended
//      ▲                    │ more          │ conflict, or an unknown outcome
//      └────────────────────┴───────────────┘
#pragma once

#include <cstdint>
#include <kefu/callback.hpp>
#include <kefu/core/working_set.hpp>
#include <kefu/error.hpp>
#include <kefu/model/rule.hpp>
#include <kefu/model/time.hpp>
#include <utility>
#include <variant>
#include <vector>

namespace kefu::inline v0::core {

namespace transaction_effect {

/// Read these records, load each into records(), and call on_read().
struct Read {
  std::vector<RecordKey> keys;
};

/// Commit what records() says has changed, and call on_committed() or on_failed().
struct Commit {};

/// It is over; the last effect. `code` is errc::ok for done, and then `changed` says whether
/// anything was written: a repeated call changes nothing. Else `rule` says what forbade it, or is
/// Rule::none when the Store failed.
struct Ended {
  errc code = errc::ok;
  Rule rule = Rule::none;
  bool changed = false;
};

}  // namespace transaction_effect

/// One thing to do.
using TransactionEffect =
    std::variant<transaction_effect::Read, transaction_effect::Commit, transaction_effect::Ended>;
/// What to do, in this order.
using TransactionEffects = std::vector<TransactionEffect>;

class Transaction {
 public:
  /// Decides on records at a time of the Store's clock. It answers the rule that forbids the
  /// change, or Rule::none; it edits only when it answers that. It may run any number of times.
  using Decide = Callback<Rule(WorkingSet&, Timestamp now)>;

  /// Each lost race means that somebody else got through; after this many the caller is told.
  static constexpr int kAttempts = 32;

  /// What it waits for.
  enum class State : std::uint8_t { idle, reading, committing, ended };

  explicit Transaction(Decide decide) : decide_(std::move(decide)) {}

  /// What it waits for.
  [[nodiscard]] State state() const noexcept { return state_; }
  /// What it has read, and would write.
  [[nodiscard]] WorkingSet& records() noexcept { return records_; }
  [[nodiscard]] const WorkingSet& records() const noexcept { return records_; }

  /// Begins.
  void start(Timestamp now, TransactionEffects& out) { run(now, out); }

  /// The records that it asked for.
  void on_read(Timestamp now, TransactionEffects& out) { run(now, out); }

  /// What became of its commit.
  void on_committed(TransactionEffects& out) { end(errc::ok, Rule::none, true, out); }

  /// A read or the commit failed. After errc::timed_out nobody knows whether it was stored: the
  /// decision runs again and finds out.
  void on_failed(errc code, Timestamp now, TransactionEffects& out) {
    if (code != errc::conflict && code != errc::timed_out) return end(code, Rule::none, false, out);
    if (++attempts_ == kAttempts)
      return end(code_of(Rule::contention), Rule::contention, false, out);
    records_.clear();
    run(now, out);
  }

 private:
  void run(Timestamp now, TransactionEffects& out) {
    const Rule rule = decide_(records_, now);
    if (records_.incomplete()) {
      state_ = State::reading;
      out.push_back(transaction_effect::Read{records_.take_missing()});
    } else if (rule == Rule::contention) {
      again(now, out);
    } else if (rule != Rule::none || !records_.changed()) {
      end(code_of(rule), rule, false, out);
    } else {
      state_ = State::committing;
      out.push_back(transaction_effect::Commit{});
    }
  }

  void again(Timestamp now, TransactionEffects& out) {
    if (++attempts_ == kAttempts)
      return end(code_of(Rule::contention), Rule::contention, false, out);
    records_.clear();
    run(now, out);
  }

  void end(errc code, Rule rule, bool changed, TransactionEffects& out) {
    state_ = State::ended;
    out.push_back(transaction_effect::Ended{code, rule, changed});
  }

  Decide decide_;
  State state_ = State::idle;
  int attempts_ = 0;
  WorkingSet records_;
};

}  // namespace kefu::inline v0::core
