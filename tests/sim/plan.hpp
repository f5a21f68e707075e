// Plan: what one run is like. Everything follows from the seed. Each kind of fault is on or off and
// has a rate of its own (a swarm), so that rare combinations come up.
#pragma once

#include <cstdint>
#include <kefu/limits.hpp>
#include <kefu/testing/fault_store.hpp>
#include <kefu/testing/sim_bus.hpp>
#include <kefu/testing/sim_network.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::sim {

/// Broken variants that the checker must catch.
enum class Mutant : std::uint8_t {
  none,
  ack_before_commit,  ///< the store completes before anything is durable
  no_dedup,           ///< the store takes a retry for something new
  no_fencing,         ///< the store takes drafts of older connections
  resume_off_by_one,  ///< the client says that it has one entry more than it has
  no_reconcile,       ///< the client numbers old sends anew without looking for them
  lost_acks_forged,   ///< the client takes a send for stored when its link is cut
  hyperloglog,        ///< the store asks a HyperLogLog whether it has seen a send
  local_fence,      ///< a node takes drafts of connections that are older than one of another node
  marks_forgotten,  ///< an expired session comes back under its id, without its marks
  endless_queue,    ///< a connection takes whatever it is given
  verdicts_unordered,  ///< a draft whose verdict came is stored before the one in front of it
  late_verdict,        ///< a verdict that comes too late overrides what stood at the deadline
  no_tail_check,       ///< a node never asks the store how far logs reach, so a lost hint is lost
  bus_trusted,         ///< a node hands on what a hint names, whatever is missing before it
  id_order,            ///< a node reads a log in the order of its messages' ids
};
inline constexpr std::size_t kMutants = 16;

[[nodiscard]] std::string name(Mutant mutant);

struct Plan {
  explicit Plan(std::uint64_t seed);

  /// The kinds of fault that this run has.
  [[nodiscard]] std::vector<std::string_view> faults() const;
  /// Leaves one kind out. False: there is no such kind.
  bool drop(std::string_view fault);

  std::uint64_t seed;
  std::size_t nodes = 1;
  std::size_t shards = 1;  ///< executors of a node
  std::size_t visitors = 1;
  std::size_t agents = 1;
  double second_device = 0;  ///< the chance that a participant has two
  Nanoseconds length{0};     ///< of the part with faults

  limits bounds;
  testing::SimNetworkOptions network;
  testing::StoreFaults store;
  bool has_bus = false;  ///< between the nodes
  testing::SimBusOptions bus;

  // The mean time between two; 0: never.
  Nanoseconds submit{0};       ///< per device
  Nanoseconds lull{0};         ///< every other such stretch nobody submits anything
  Nanoseconds open{0};         ///< a visitor opens a conversation
  Nanoseconds close{0};        ///< somebody closes one
  Nanoseconds cut{0};          ///< a link breaks
  Nanoseconds crash{0};        ///< a node dies
  Nanoseconds power_off{0};    ///< a device is off for a while, and starts from what it saved
  Nanoseconds freeze{0};       ///< the store stands still for a while
  Nanoseconds strand{0};       ///< a node does not reach the store for a while, or is not answered
  Nanoseconds part{0};         ///< a node does not hear others for a while, nor perhaps they it
  Nanoseconds isolate{0};      ///< no client reaches a node for a while
  Nanoseconds halt{0};         ///< a node stands still for a while, then goes on as if nothing was
  Nanoseconds slow{0};         ///< a client does not read for a while
  Nanoseconds expiry{0};       ///< the store's clock jumps past session_ttl
  Nanoseconds clone{0};        ///< a second client takes over a session
  Nanoseconds clock_jump{0};   ///< the nodes' wall clock jumps, forth or back
  double duplicate = 0;        ///< the chance that a send goes out twice
  double stale_duplicate = 0;  ///< … that one which was acknowledged goes out again
  double die_between = 0;      ///< the chance that a device dies between two effects
  double save_late = 0;        ///< the chance that a position is saved at once
  double bad_send = 0;         ///< the chance that a send is one that must be refused or fail

  std::size_t policies = 0;  ///< of each node
  double policy_speaks = 0;  ///< the chance that one says more than `allow`
  double policy_slow = 0;    ///< … that it does not answer at once
  double policy_late = 0;    ///< … and then not in time, or never

 private:
  /// A mean time or a chance, by its name.
  struct Knob {
    std::string_view name;
    Nanoseconds* mean = nullptr;
    double* chance = nullptr;
  };
  [[nodiscard]] std::vector<Knob> knobs();
};

}  // namespace kefu::sim
