// HubWorld: the same promises, kept by whole Hubs. Two nodes of two io threads each on one Store,
// agents and visitors who speak frames to them, and everything that can go wrong in between. One
// seed is one run.
#pragma once

#include <functional>
#include <kefu/memory/store.hpp>
#include <kefu/testing/manual_clock.hpp>
#include <kefu/testing/manual_executor.hpp>
#include <kefu/testing/random.hpp>
#include <kefu/testing/sim_bus.hpp>
#include <kefu/wire/codec.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "audit_log.hpp"
#include "checker.hpp"
#include "shelf.hpp"
#include "talk.hpp"
#include "world.hpp"

namespace kefu::sim {

/// Tells the Checker of every commit, whoever made it, and of every message.
class ObservedStore final : public StoreWrapper {
 public:
  using Observer = std::function<void()>;
  using Listener = std::function<void(const Draft&, const Outcome&)>;
  ObservedStore(Store& inner, Checker& checker, Observer then, Listener listener)
      : StoreWrapper(inner),
        checker_(checker),
        then_(std::move(then)),
        listener_(std::move(listener)) {}
  void append(std::unique_ptr<AppendBatch> batch,
              Completion<std::unique_ptr<AppendBatch>> done) override;
  void commit(Commit commit, Completion<result<Committed>> done) override;

  bool watching = true;  ///< false once the run is over

 private:
  Checker& checker_;
  Observer then_;
  Listener listener_;
};

class HubWorld {
 public:
  HubWorld(std::uint64_t seed, Mutant mutant);
  ~HubWorld();

  /// Throws a Violation.
  Totals run(Nanoseconds time);

 private:
  struct Node;
  struct Link;
  struct Person;
  struct Sink;

  void at(Nanoseconds delay, std::function<void()> what);
  [[nodiscard]] std::vector<testing::ManualExecutor*> loops();
  bool run_something();
  void pass_time();
  void start_node(std::size_t place);
  void crash(std::size_t place);
  [[nodiscard]] Node* any_node();
  void disturb();
  void part();

  void connect(Person& person);
  void cut(Person& person);
  void look_who_is_back();
  void ask(Person& person, ClientFrame frame);
  [[nodiscard]] std::optional<std::uint64_t> maybe_epoch(ConversationId id);
  void live(Person& person);
  void work(Person& person, const AgentSlot& slot);
  void pick(Person& person);
  void move_agents();
  void visit(Person& person);
  void talk(Person& person);
  void take_back(Person& person);
  void look_for_something(Person& person);
  void moderate();
  void ban(const std::string& who);
  void erase(const std::string& who);
  void claim();
  void on_claimed(const std::string& former, Timestamp asked);
  [[nodiscard]] bool any_alive() const;
  [[nodiscard]] bool calm_for(Nanoseconds time) const;
  [[nodiscard]] bool is_there(const std::string& visitor, Nanoseconds since) const;
  [[nodiscard]] std::optional<Timestamp> left_since(const std::string& visitor) const;
  void check_told();
  void check_enlisted();
  void check_shown();
  void check_reader(const std::string& agent, ConversationId conversation) const;
  void check_recalled();
  void check_kept_out();
  void check_departures();
  void on_event(const Event& event);
  void check_audited();

  testing::Random random_;
  const Mutant mutant_;
  testing::ManualClock clock_;
  memory::Store store_{clock_};
  Bounds bounds_;
  const std::set<std::string> picked_;  // departments where agents take what they see
  Checker checker_;
  Shelf shelf_{checker_, picked_};
  Talk talk_{checker_};
  ObservedStore observed_;
  std::unique_ptr<StoreWrapper> broken_;
  testing::ManualExecutor loop_;
  testing::SimBus bus_;
  wire::Decoder decoder_{limits{}};
  Timestamp calm_since_;
  std::uint64_t ids_ = 0;
  bool outage_ = false;
  Timestamp served_since_;    // the Store has answered, and some node been there
  Timestamp together_since_;  // the nodes have heard each other
  Timestamp next_check_;
  std::map<ConversationId, std::pair<std::string, Timestamp>> owners_;  // while it is open; since
  std::map<ConversationId, Timestamp> waiting_;                         // since when without a gap
  std::set<ConversationId> abandoned_;
  std::uint64_t delivered_ = 0;               // the last position that a sink has got
  std::vector<std::unique_ptr<Node>> nodes_;  // by place; null: none is there
  std::vector<AuditLog> audits_;              // by place
  std::vector<std::unique_ptr<Person>> people_;
};

}  // namespace kefu::sim
