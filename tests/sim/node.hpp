// Node: one process with a Hub in it: its executors, its way to the store, its server.
#pragma once

#include <kefu/hub.hpp>
#include <kefu/testing/fault_store.hpp>
#include <kefu/testing/manual_executor.hpp>
#include <kefu/testing/sim_network.hpp>
#include <memory>
#include <vector>

#include "mutants.hpp"
#include "plan.hpp"

namespace kefu::sim {

/// Tokens of the simulation: "<role> <id>".
[[nodiscard]] std::string token_of(const Participant& who);

class Node {
 public:
  /// `loop` carries what happens in the store.
  Node(const Plan& plan, Mutant mutant, Store& root, std::unique_ptr<Bus> bus, const Clock& wall,
       Checker& checker, Court& court, testing::SimNetwork& network, testing::ManualExecutor& loop,
       testing::Random random);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// kill -9. What was posted to the executors is gone; they must be kept until nothing of the
  /// network refers to them any more.
  std::vector<std::unique_ptr<testing::ManualExecutor>> die();

  [[nodiscard]] bool alive() const noexcept { return hub_ != nullptr; }
  /// SIGSTOP: nothing runs here, and its timers do not come due.
  void halt() noexcept { halted_ = true; }
  /// SIGCONT: it knows nothing of the time that has passed.
  void go_on(Instant now);
  [[nodiscard]] bool halted() const noexcept { return halted_; }
  void isolate(bool is) noexcept { isolated_ = is; }
  [[nodiscard]] bool isolated() const noexcept { return isolated_; }
  [[nodiscard]] Hub& hub() { return *hub_; }
  [[nodiscard]] testing::SimServer& server() { return *server_; }
  [[nodiscard]] testing::FaultStore& store() { return *faults_; }
  /// Its end; null where the plan has none.
  [[nodiscard]] const Bus* bus() const noexcept { return bus_.get(); }
  [[nodiscard]] const std::vector<std::unique_ptr<testing::ManualExecutor>>& executors() const {
    return executors_;
  }

 private:
  testing::Random random_;
  std::unique_ptr<Bus> bus_;  // null where the plan has none
  std::vector<std::unique_ptr<testing::ManualExecutor>> executors_;
  std::unique_ptr<StoreWrapper> broken_;  // null but for its mutants
  std::unique_ptr<testing::FaultStore> faults_;
  std::unique_ptr<WatchedStore> watched_;
  std::unique_ptr<Store> misjudged_;  // null but for its mutants
  std::unique_ptr<Hub> hub_;
  std::unique_ptr<testing::SimServer> server_;
  bool halted_ = false;
  bool isolated_ = false;  // from clients
};

}  // namespace kefu::sim
