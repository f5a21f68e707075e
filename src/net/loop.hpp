// Loop: one event loop, an Asio io_context that works in turns.
#pragma once

#include <atomic>
#include <cstddef>
#include <kefu/executor.hpp>
#include <kefu/shared_frame.hpp>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "net/asio.hpp"
#include "net/poller.hpp"

namespace kefu::inline v0::net {

/// Something that gathers work during a turn and does it once at its end.
class TurnEnd {
 public:
  virtual void end_turn() = 0;

 protected:
  ~TurnEnd() = default;
};

/// Threading: post, post_at, now and stop from any thread, the rest in the loop's own.
class Loop final : public Executor {
 public:
  static constexpr std::size_t kReadBuffer = 64 * 1024;

  Loop();
  ~Loop() override;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void post(Task task) override;
  void post_at(Instant when, Task task) override;
  [[nodiscard]] Instant now() const override;

  void run();
  void stop();

  [[nodiscard]] asio::io_context& context() noexcept { return context_; }
  [[nodiscard]] Poller& poller() noexcept { return *poller_; }
  [[nodiscard]] FramePool& frames() noexcept { return frames_; }

  /// kReadBuffer bytes with padding behind them, for whoever handles a readable socket; what is in
  /// it is lost when that returns.
  [[nodiscard]] std::span<std::byte> read_buffer() noexcept;

  /// Calls `ending` at the end of this turn, or of the next if none is under way. Once, however
  /// often it is asked for.
  void at_turn_end(TurnEnd& ending);
  void forget(TurnEnd& ending) noexcept;

 private:
  struct Timed {
    Instant when;
    std::uint64_t number;  ///< of two for the same time, the one posted first runs first
    Task task;
  };
  struct Later;
  struct Incoming {
    Instant when;
    Task task;
  };

  [[nodiscard]] bool is_own_thread() const noexcept;
  void post_from_outside(Instant when, Task task);
  void take_incoming();
  void add_timed(Instant when, Task task);
  void arm_timer();
  void on_timer();
  void turn();
  void schedule_turn();
  void run_tasks();
  void end_turn();
  void drop_tasks() noexcept;

  std::unique_ptr<std::byte[]> read_buffer_;
  FramePool frames_;

  std::vector<Task> tasks_;    // posted, in order
  std::vector<Task> running_;  // those of this turn
  std::vector<Timed> timed_;   // a heap, the earliest in front
  std::vector<Incoming> incoming_now_;
  std::vector<TurnEnd*> endings_;
  std::vector<TurnEnd*> ending_now_;
  std::uint64_t timed_count_ = 0;
  Instant armed_for_{};
  bool timer_armed_ = false;
  bool turn_scheduled_ = false;
  bool in_turn_ = false;

  std::atomic<std::thread::id> thread_{};
  std::atomic<bool> has_incoming_{false};
  std::mutex incoming_mutex_;
  std::vector<Incoming> incoming_;  // guarded by the mutex: posted from other threads
  bool ended_ = false;              // guarded by the mutex: tasks are dropped

  // Last, so first to go: handlers that never ran are destroyed with it, and may use all above.
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> busy_;
  asio::steady_timer timer_;
  std::unique_ptr<Poller> poller_;
};

}  // namespace kefu::inline v0::net
