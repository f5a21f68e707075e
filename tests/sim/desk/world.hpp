// World: nodes that share one Store, agents who come and go, visitors who want something, and
// everything that can go wrong in between. One seed is one run.
//
// Each read and each commit of each transaction is a step of its own; which one is next is drawn.
// So every interleaving of the nodes' transactions can happen.
#pragma once

#include <functional>
#include <kefu/core/desk_command.hpp>
#include <kefu/core/router.hpp>
#include <kefu/core/sweep.hpp>
#include <kefu/core/transaction.hpp>
#include <kefu/memory/store.hpp>
#include <kefu/testing/manual_clock.hpp>
#include <kefu/testing/random.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "checker.hpp"

namespace kefu::sim {

enum class Mutant : std::uint8_t {
  none,
  capacity_outside,  ///< slots are written without their version
  edge_triggered,    ///< only a conversation that joins the queue makes anybody route
  no_grace,          ///< who is gone loses everything at once
  rash_judge,        ///< a node judges others as soon as it is there
  loose_open,        ///< find-or-create without the record that makes it atomic
  epochs_ignored,    ///< a change is made however old the assignment is that it names
  // Of whole hubs only:
  gappy_outbox,        ///< the outbox leaves an event out, now and then
  gone_forgotten,      ///< that a visitor has left is not kept
  gone_elsewhere,      ///< no node takes back what another has said of a visitor
  recall_for_nothing,  ///< a message that is taken back keeps its text
  recall_untold,       ///< … and nobody is told
  bans_unheard,        ///< what one node has banned no other one hears of
  notes_found,         ///< who searches finds in all logs
  half_merged,         ///< a merge leaves the oldest conversations behind
  chain_restarted,     ///< a node that starts begins its audit log anew, behind what is there
  heads_unkept,        ///< the heads of audit logs are anchored nowhere
  offers_unseen,       ///< where agents pick, a look at all that waits finds nobody
  offers_kept,         ///< … or all who have ever waited
  members_unheard,     ///< who takes part in a conversation no other node hears of
};

[[nodiscard]] std::optional<Mutant> mutant_from_name(std::string_view name);

struct Totals {
  std::uint64_t commits = 0, accepted = 0, expired = 0, returned = 0, conflicts = 0;
};

class World {
 public:
  World(std::uint64_t seed, Mutant mutant);
  ~World();

  /// Throws a Violation.
  Totals run(Nanoseconds time);

 private:
  struct Node;
  struct Task;
  struct Person;
  using Then = std::function<void(const core::transaction_effect::Ended&)>;

  // Steps.
  void at(Nanoseconds delay, std::function<void()> what);
  void step(Task& task);
  void read_one(Task& task, core::TransactionEffects& out);
  void commit(Task& task, core::TransactionEffects& out);
  void apply(Task& task, core::TransactionEffects& effects);
  [[nodiscard]] bool store(const Task& task);
  [[nodiscard]] Commit commit_of(const core::WorkingSet& desk);
  bool store(Commit commit);
  std::vector<DeskRecord> scan(RecordKind kind, std::string_view index, std::string prefix,
                               std::string after, std::string& next);

  // Nodes.
  void submit(Node& node, core::DeskCommand command, Then then = {});
  void start_node(std::size_t place);
  void crash(std::size_t place);
  void renew(Node& node);
  [[nodiscard]] bool is_news(const core::WorkingSet& desk) const;
  void wake_all(Node& from);
  void wake(Node& node);
  void drive(Node& node, std::size_t department, core::RouterEffects& effects);
  void sweep(Node& node);
  void drive(Node& node, core::SweepEffects& effects);
  void detach(Node& node, std::string agent, Device device);
  [[nodiscard]] Node* any_node();

  // People.
  void attach(Person& person);
  void cut(Person& person, bool says_so);
  void live(Person& person);
  void work(Person& person, const AgentSlot& slot);
  void ask(Node& node, core::DeskCommand command);
  void visit(std::size_t visitor);
  void disturb();

  testing::Random random_;
  const Mutant mutant_;
  testing::ManualClock clock_;
  memory::Store store_{clock_};
  Bounds bounds_;
  Checker checker_;
  bool outage_ = false;
  std::uint64_t ids_ = 0;
  Totals totals_;
  std::multimap<Timestamp, std::function<void()>> events_;
  std::vector<std::unique_ptr<Task>> tasks_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Person>> people_;
};

}  // namespace kefu::sim
