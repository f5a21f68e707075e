// Checker: knows what the desk promises, and nothing of how it is done. It mirrors what the Store
// has, commit by commit, and looks at it after each.
#pragma once

#include <kefu/core/routing.hpp>
#include <kefu/desk_record.hpp>
#include <kefu/limits.hpp>
#include <kefu/record.hpp>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace kefu::sim {

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Bounds {
  Nanoseconds routing = std::chrono::seconds(1);
  Nanoseconds grace = std::chrono::seconds(30);
  Nanoseconds lease = std::chrono::seconds(10);
  Nanoseconds slack = std::chrono::seconds(3);  ///< for reading and committing
};

class Checker {
 public:
  Checker(Bounds bounds, core::RoutingStrategy strategy)
      : bounds_(bounds), strategy_(std::move(strategy)) {}

  /// A change was stored.
  void on_change(const RecordKey& key, const std::optional<DeskRecord>& value, Timestamp now);
  /// The commit before was asked for by somebody who had seen this state of the assignment: checks
  /// promise 15.
  void on_asked(ConversationId conversation, std::uint64_t epoch) const;
  /// A commit was stored: checks promises 7 and 9.
  void on_commit(Timestamp now);
  /// Time has passed: checks promise 8, and that the absent lose what they have (10).
  void on_time(Timestamp now);

  // What is true outside the records.

  void on_gone(const std::string& agent, Timestamp now);  ///< the last link broke, however
  void on_back(const std::string& agent);
  /// The bounds start anew: an outage is over, the clock has stepped, the first node has started.
  /// `long_one`: everybody must get a whole grace period from now on. An outage that is shorter
  /// than a lease is none to presence: leases are renewed in time, and nobody could tell.
  void on_disturbed(Timestamp now, bool long_one) {
    disturbed_ = now;
    if (long_one) forgiven_ = now;
  }
  void set_up(bool up) { up_ = up; }  ///< the Store answers, and a node is there

  [[nodiscard]] const std::map<std::string, Agent>& agents() const { return agents_; }
  [[nodiscard]] const std::map<std::string, NodeLease>& leases() const { return leases_; }
  [[nodiscard]] const std::map<ConversationId, Conversation>& conversations() const {
    return conversations_;
  }
  /// Since when they take no part in it, who did before; nothing: they do, or never did.
  [[nodiscard]] std::optional<Timestamp> left_at(const std::string& agent,
                                                 ConversationId conversation) const;

  std::uint64_t commits = 0;
  std::uint64_t accepted = 0;
  std::uint64_t expired = 0;
  std::uint64_t returned = 0;

 private:
  void check_agents() const;
  void check_conversations() const;
  [[nodiscard]] bool is_servable(const Conversation& c, Timestamp now) const;
  void check_waiting(Timestamp now);
  void check_absent(Timestamp now);
  void check_history(const Conversation* before, const Conversation& after, Timestamp now);
  void note_leaving(const Conversation& before, const Conversation& after, Timestamp now);

  Bounds bounds_;
  core::RoutingStrategy strategy_;
  bool up_ = true;
  Timestamp disturbed_;
  Timestamp forgiven_;
  Timestamp unjudged_;  // the last time when no node's lease was old enough to judge the absent
  std::map<std::string, NodeLease> leases_;
  std::map<std::string, Agent> agents_;
  std::map<ConversationId, Conversation> conversations_;
  std::map<std::pair<std::string, ConversationId>, Timestamp> left_;
  std::map<std::string, Timestamp> gone_;               // agents without a link, since when
  std::map<ConversationId, Timestamp> servable_since_;  // those that somebody could take
};

}  // namespace kefu::sim
