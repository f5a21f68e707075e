// Loops: one or more event loops, each a kefu::Executor with a thread of its own.
#pragma once

#include <kefu/executor.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace kefu::inline v0::net {

class Loop;

/// The loops of a process. Hubs and servers share them.
///
/// Threading: the executors may be used from any thread, also before run(): what is posted then
/// runs once the loops do. A loop runs its work in turns: first what the network has ready, then
/// the tasks posted before the turn, then the writes that both have caused.
/// Lifetime: Loops outlives everything that was made with its executors. A task that has not run
/// when a loop ends is destroyed, in that loop's thread; so is one posted later, where it is
/// posted.
class Loops {
 public:
  /// Throws std::invalid_argument for 0 threads and std::system_error when the system has no
  /// descriptors left.
  explicit Loops(std::size_t threads = 1);
  ~Loops();
  Loops(const Loops&) = delete;
  Loops& operator=(const Loops&) = delete;

  [[nodiscard]] std::size_t size() const noexcept { return loops_.size(); }

  /// One for each loop, always in the same order. They live as long as this object.
  [[nodiscard]] std::vector<Executor*> executors() const;

  /// Runs loop 0 in the calling thread and each other one in a thread of its own, until stop();
  /// returns when all have ended. At most once. An exception that leaves a task ends all loops and
  /// leaves run(), but for std::bad_alloc, which costs no more than that task.
  void run();

  /// Ends run(), or makes a later run() return at once. Any thread; idempotent. It is abrupt:
  /// Server::stop() comes before it.
  void stop();

  /// From now on SIGINT and SIGTERM don't end the process: the first calls `first` on loop 0, or
  /// stop() where none was given, and the second calls stop() whatever became of the first.
  /// Call it once, before run().
  void stop_on_signals(std::function<void()> first = {});

  /// From now on SIGHUP doesn't end the process, but calls `each` on loop 0, every time. Call it
  /// once, before run().
  void on_hangup(std::function<void()> each);

 private:
  friend class Server;
  struct Signals;
  struct Hangups;

  std::vector<std::unique_ptr<Loop>> loops_;
  std::unique_ptr<Signals> signals_;
  std::unique_ptr<Hangups> hangups_;
};

}  // namespace kefu::inline v0::net
