// Court: the policies of a run. What each of them says of a message, and when, follows from the
// seed and the message alone, so that the checker knows what must come of it: on whichever node,
// and however often it is judged.
#pragma once

#include <cstdint>
#include <functional>
#include <kefu/executor.hpp>
#include <kefu/policy.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "plan.hpp"

namespace kefu::sim {

class Court {
 public:
  Court(const Plan& plan, Executor& loop) : plan_(plan), loop_(loop) {}

  /// The policies of one node; the court outlives them.
  [[nodiscard]] std::vector<std::unique_ptr<Policy>> policies();

  /// What must be stored of a message, or that it must be refused.
  struct Sentence {
    bool denied = false;
    std::string body;
    std::string tags;
  };

  /// A message as it was written, of which `body` is what policies made.
  [[nodiscard]] static std::string original(std::string_view body);
  /// Empty: nobody was asked about it.
  [[nodiscard]] std::vector<Sentence> sentences(const std::string& original) const;
  /// What it would be if verdicts that are too late counted.
  [[nodiscard]] Sentence in_spite_of_deadline(const std::string& original) const;
  /// What was judged as it was received then should have come to the store before now. It may have
  /// waited for one in front of it that came later, and for the conversation's record.
  [[nodiscard]] bool overdue(const std::string& original, Instant received) const;
  /// A node has gone on that had stood still: of what was judged meanwhile, nobody can say how many
  /// policies were asked before the deadline.
  void on_gone_on() { gone_on_ = loop_.now(); }
  [[nodiscard]] Instant now() const { return loop_.now(); }
  [[nodiscard]] bool sits() const noexcept { return plan_.policies > 0; }

 private:
  class One;
  enum class When : std::uint8_t { at_once, in_time, late, never };
  struct Fate {
    When when = When::at_once;
    Verdict verdict;
    Nanoseconds margin{0};  // to the deadline
  };
  struct Case {
    Instant asked;  // for the first time
    Instant deadline;
    bool overdue = false;  // somebody was asked when the deadline had passed
  };

  [[nodiscard]] Fate fate(std::size_t policy, const std::string& original) const;
  [[nodiscard]] static OnTimeout rule(std::size_t policy);
  /// The deadline passes when so many policies have answered, at the latest.
  [[nodiscard]] Sentence fold(const std::string& original, std::size_t in_time,
                              bool late_counts) const;

  const Plan& plan_;
  Executor& loop_;
  std::map<std::string, Case> cases_;
  std::vector<Completion<Verdict>> unanswered_;
  Instant gone_on_;
};

}  // namespace kefu::sim
