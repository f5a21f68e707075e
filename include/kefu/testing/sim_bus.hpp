// SimBus: a Bus within the process, for hubs that stand for several nodes. Without options it
// carries everything at once; with them it does what the port allows: loses, delays, repeats, and
// so reorders. Between two ends it can be parted, one way or both.
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

  /// Nothing that `from` publishes comes to `to` any more, until mend(); what is under way does.
  /// Both are ends of this bus. It is over when one of them is destroyed.
  void part(const Bus& from, const Bus& to);
  /// Ends what part() of the same two began; nothing happens where they are not parted.
  void mend(const Bus& from, const Bus& to);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace kefu::inline v0::testing
