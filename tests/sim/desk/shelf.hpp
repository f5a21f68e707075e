// Shelf: what waits where agents pick, and what each of them is shown of it. It knows what must
// hold of that, and nothing of how it is done.
#pragma once

#include <kefu/model/agent.hpp>
#include <kefu/model/conversation.hpp>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "checker.hpp"

namespace kefu::sim {

class Shelf {
 public:
  /// The round of the queue in which a conversation was shown, by its assignment.
  using Shown = std::map<ConversationId, std::uint64_t>;

  /// By then everybody who shall see a change of what waits sees it, whoever made it.
  static constexpr Nanoseconds kSeen = 6 * limits{}.routing_sweep;

  Shelf(const Checker& checker, std::set<std::string> picked)
      : checker_(checker), picked_(std::move(picked)) {}

  /// Agents of this department take what they see.
  [[nodiscard]] bool is_picked(const std::string& department) const {
    return picked_.contains(department);
  }
  [[nodiscard]] bool empty() const { return picked_.empty(); }

  /// Something was stored.
  void on_commit(Timestamp now);
  /// This is what an agent is shown who has been there for as long as anything takes to be seen.
  void check(const std::string& agent, const Shown& shown, Timestamp now) const;

 private:
  template <class What>
  struct Since {
    What what;
    Timestamp at;
  };
  template <class What>
  static void note(Since<What>& known, What now, Timestamp at) {
    if (known.what != now) known = {std::move(now), at};
  }

  /// The department in which it waits for whoever takes it, if it does; and its assignment.
  using Place = std::pair<std::string, std::uint64_t>;

  const Checker& checker_;
  const std::set<std::string> picked_;
  std::map<ConversationId, Since<Place>> places_;
  std::map<std::string, Since<std::vector<Membership>>> serve_;
};

}  // namespace kefu::sim
