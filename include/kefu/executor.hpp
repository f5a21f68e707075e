// Executor: the port to an event loop. One executor is one shard: what is posted to it runs one at
// a time, in the order of posting.
//
// Threading: post and post_at may be called from any thread; now() too. Tasks run on the executor's
// own thread (or on different threads one after another, as long as each sees what the one before
// wrote).
//
// Failure: neither call fails; an executor that stops drops what has not run, which
// destroys the tasks.
#pragma once

#include <kefu/completion.hpp>
#include <kefu/model/time.hpp>

namespace kefu::inline v0 {

/// What an Executor runs, once.
using Task = Completion<>;

class Executor {
 public:
  virtual ~Executor() = default;

  /// Runs the task after everything that is ready now, never inside this call. Work posted from
  /// within a task of the same executor runs after the I/O events that are already ready: kefu
  /// batches on that.
  virtual void post(Task task) = 0;

  /// Runs the task at `when` or soon after; at once, but still posted, if that is past. Timers
  /// can't be cancelled.
  virtual void post_at(Instant when, Task task) = 0;

  /// Monotonic: never goes back, unaffected by changes of wall time.
  [[nodiscard]] virtual Instant now() const = 0;
};

}  // namespace kefu::inline v0
