// The conformance suite for a Bus: one named check for each thing that <kefu/bus.hpp> promises. A
// bus that loses, delays, repeats and reorders passes; one that carries nothing does not. It needs
// no test framework: run each check from whichever you use, and report its text. README.md beside
// this file shows how.
//
//   for (const kefu::testing::BusCheck& check : kefu::testing::bus_checks()) {
//     const std::string failure = check.run(my_host);
//     if (!failure.empty()) report(check.name, failure);
//   }
#pragma once

#include <kefu/bus.hpp>
#include <kefu/model/time.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::testing {

/// How the checks get at the bus under test. All calls come from the thread that runs the check.
/// What they throw passes through the check.
class BusHost {
 public:
  virtual ~BusHost() = default;

  /// One more node's end of the same bus. The ends of earlier checks are gone, what they published
  /// may still be on its way.
  virtual std::unique_ptr<Bus> connect() = 0;

  /// Lets about so much time pass. Where the test drives what delivers, its time passes here; else
  /// this may sleep.
  virtual void let(Nanoseconds pass) = 0;

  /// False where everything must come from the thread that calls let(): then what concerns threads
  /// is not checked.
  [[nodiscard]] virtual bool threads() const { return true; }
};

/// One promise of a Bus, and how to see whether it holds.
struct BusCheck {
  std::string_view name;         ///< e.g. "topics: exact"
  std::string (*run)(BusHost&);  ///< what went wrong; empty when nothing did
};

/// All of them.
[[nodiscard]] std::vector<BusCheck> bus_checks();

}  // namespace kefu::inline v0::testing
