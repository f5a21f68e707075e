// SimBus: a Bus within the process, for hubs that stand for several nodes. Without options it
// carries everything at once; with them it does what the port allows: loses, delays, repeats, and
// so reorders.
//
//   SimBus bus(loop, seed, {.lose = 0.1});
//   const std::unique_ptr<Bus> one = bus.connect();  // a node's end of it
//
// Threading: everything from the thread that drives `loop`; handlers are called on `loop`.
// Lifetimes: `loop` outlives the bus and its ends; ends and subscriptions may go in any order.
#pragma once

#include <kefu/bus.hpp>
#include <kefu/executor.hpp>
#include <kefu/model/time.hpp>
#include <kefu/testing/random.hpp>
#include <memory>

namespace kefu::inline v0::testing {

/// How unreliable a SimBus is.
struct SimBusOptions {
  double lose = 0;           ///< the chance that one subscriber does not get a message …
  double repeat = 0;         ///< … and that it gets it twice
  Nanoseconds delay_max{0};  ///< each delivery is delayed by up to this
};

class SimBus {
 public:
  SimBus(Executor& loop, std::uint64_t seed, SimBusOptions with = {});
  ~SimBus();

  SimBusOptions options;  ///< may be changed at any time; holds for what is published later

  /// One node's end. What it publishes comes to all others.
  [[nodiscard]] std::unique_ptr<Bus> connect();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace kefu::inline v0::testing
