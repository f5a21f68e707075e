// World: one run: nodes on one store, devices, a workload and faults, all on one time line, and
// every choice drawn from one seed.
#pragma once

#include <functional>
#include <kefu/testing/manual_clock.hpp>
#include <kefu/testing/manual_executor.hpp>
#include <memory>
#include <string>
#include <vector>

#include "device.hpp"
#include "mutants.hpp"
#include "node.hpp"
#include "plan.hpp"

namespace kefu::sim {

struct Report {
  std::string violation;  ///< empty: every promise held
  std::uint64_t hash = 0;
  std::uint64_t steps = 0;
  std::uint64_t entries = 0;
  std::uint64_t faults = 0;  ///< that befell it, but for what the network and the store did
};

class World {
 public:
  using Trace = std::function<void(const std::string&)>;

  World(const Plan& plan, Mutant mutant, Trace trace);
  ~World();

  Report run();

 private:
  void start();
  void run_for(Nanoseconds time);
  /// False: there is nothing left to run until `end`.
  bool step(Instant end);
  void list_executors();
  void check();
  /// Demands, again and again, that what is stored is told within the bound.
  void check_told();
  /// From now on: what the node's clients miss can't have been told to them before.
  void excuse(std::size_t node);
  void trace(const std::string& what);

  /// Calls `what` again and again, in random intervals of this mean, while faults go on.
  void keep_on(Nanoseconds mean, std::function<void()> what);

  // Workload
  void add_participant(Participant who);
  Device& add_device(const Participant& who);
  void write(Device& device);
  void create_conversation(std::size_t visitor);
  [[nodiscard]] Device& any_device() { return *devices_[faults_.below(devices_.size())]; }

  // Faults
  void cut();
  void crash();
  void restart(std::size_t node);
  void power_off();
  void freeze();
  void strand();
  void part();
  void isolate();
  void mend(std::size_t one, std::size_t other);
  /// Those who have connected to it last.
  [[nodiscard]] std::vector<Device*> devices_at(std::size_t node);
  void halt();
  void go_on(std::size_t node);
  void slow_reader();
  void expire();
  void clone();
  void jump_clock();
  /// Calls `what` again and again, and counts it.
  void inflict(Nanoseconds mean, void (World::*what)());

  // The end
  void heal();
  [[nodiscard]] std::string run_until_empty(const std::function<std::string()>& what);
  [[nodiscard]] std::string settle();
  [[nodiscard]] std::string unsettled() const;
  [[nodiscard]] std::string unread() const;

  const Plan plan_;
  const Trace trace_;

  testing::Random scheduling_;
  testing::Random workload_;
  testing::Random faults_;

  testing::ManualExecutor
      loop_;  // of the clients, the network's far end, the store, and the faults
  testing::ManualClock wall_;
  testing::ManualClock store_clock_;
  std::unique_ptr<Store> disk_;
  std::unique_ptr<StoreWrapper> mutated_;  // null: the disk itself
  LosingStore* losing_ = nullptr;
  Court court_;
  Checker checker_;
  testing::SimBus bus_;
  testing::SimNetwork network_;
  Surroundings around_;

  std::vector<std::unique_ptr<testing::ManualExecutor>> graveyard_;
  std::vector<std::unique_ptr<Node>> nodes_;         // null while one is down
  std::vector<testing::ManualExecutor*> executors_;  // the loop's and those of the nodes that run
  std::vector<testing::ManualExecutor*> ready_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::uint64_t steps_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t created_ = 0;
  std::uint64_t befell_ = 0;
  std::size_t clones_ = 0;
  std::size_t peak_buffered_ = 0;
};

}  // namespace kefu::sim
