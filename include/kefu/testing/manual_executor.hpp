// ManualExecutor: an event loop that runs only when it is told to, on simulated time. With it a
// test sees every step, and the same calls always give the same run.
//
//   kefu::testing::ManualExecutor loop;
//   kefu::Hub hub({&loop}, store);
//   …
//   loop.run_until_idle();                     // everything that is ready
//   loop.advance(std::chrono::seconds(2));     // and what falls due on the way
//
// Several executors share one time line when whoever drives them moves each of them, by
// advance_to(), to the earliest next_due() whenever none has anything ready.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <kefu/executor.hpp>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace kefu::inline v0::testing {

/// Threading: post(), post_at() and now() from any thread; everything else from one at a time, on
/// which the tasks run.
class ManualExecutor final : public Executor {
 public:
  explicit ManualExecutor(Instant start = {1'000'000'000}) : now_(start) {}
  ~ManualExecutor() override { drop_all(); }

  void post(Task task) override;
  void post_at(Instant when, Task task) override;
  [[nodiscard]] Instant now() const override;

  /// Runs the first task that is ready. False: there is none.
  bool run_one();

  /// Runs what is ready, and what that posts, until nothing is. Answers how many tasks ran.
  /// `limit`: of a loop that never becomes idle.
  std::size_t run_until_idle(std::size_t limit = 1'000'000);

  /// Lets time pass, and runs what is ready and what falls due on the way, in order.
  void advance(Nanoseconds by);

  /// Lets time pass to `when` and runs nothing; what fell due is ready now. Never goes back.
  void advance_to(Instant when);

  /// How many tasks are ready.
  [[nodiscard]] std::size_t ready() const;
  /// When the next timer falls due; nothing when there is none.
  [[nodiscard]] std::optional<Instant> next_due() const;

  /// Destroys what has not run, as an executor does that stops; also what destroying it posts.
  void drop_all();

 private:
  using Due = std::pair<Instant, std::uint64_t>;  // and the order of posting

  mutable std::mutex mutex_;
  Instant now_;
  std::uint64_t posted_ = 0;
  std::deque<Task> ready_;
  std::map<Due, Task> timers_;
};

}  // namespace kefu::inline v0::testing
