// The conformance suite for a Store: one named check for each thing that <kefu/store.hpp> promises.
// It needs no test framework: run each check from whichever you use, and report its text. README.md
// beside this file shows how, and examples/embed/store is a store that is judged.
//
//   for (const kefu::testing::StoreCheck& check : kefu::testing::store_checks()) {
//     const std::string failure = check.run(my_factory);
//     if (!failure.empty()) report(check.name, failure);
//   }
#pragma once

#include <cstdint>
#include <kefu/limits.hpp>
#include <kefu/model/time.hpp>
#include <kefu/store.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::testing {

/// How the checks get at the store under test. All calls come from the thread that runs the check,
/// and no more than one store is alive at a time. What open() and reopen() throw passes through the
/// check.
class StoreFactory {
 public:
  virtual ~StoreFactory() = default;

  /// A new, empty store.
  virtual std::unique_ptr<Store> open() = 0;

  /// True when reopen() works: then every check runs a second time, with a restart before each of
  /// its steps.
  [[nodiscard]] virtual bool durable() const { return false; }

  /// Opens what the store held that open() or reopen() gave last, and that has been destroyed
  /// since.
  virtual std::unique_ptr<Store> reopen() { return nullptr; }

  /// Moves the store's clock forwards and answers true; or false, where that cannot be done: then
  /// what depends on time is checked only as far as it can be without.
  virtual bool advance(Nanoseconds) { return false; }

  /// limits::window of the stores that are opened.
  [[nodiscard]] virtual std::uint32_t window() const { return limits{}.window; }

  /// Of the randomised checks; their failures tell it.
  [[nodiscard]] virtual std::uint64_t seed() const { return 1; }
};

/// One promise of a Store, and how to see whether it holds.
struct StoreCheck {
  std::string_view name;              ///< e.g. "append: a retry gets the original outcome"
  std::string (*run)(StoreFactory&);  ///< what went wrong; empty when nothing did
};

/// All of them.
[[nodiscard]] std::vector<StoreCheck> store_checks();

}  // namespace kefu::inline v0::testing
