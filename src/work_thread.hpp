// WorkThread: runs what is posted to it, in order, on a thread of its own.
#pragma once

#include <condition_variable>
#include <deque>
#include <kefu/completion.hpp>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

namespace kefu::inline v0 {

/// Threading: post() from any thread, also while and after it ends: from then on what is posted
/// runs at once, in the thread that posts it.
class WorkThread {
 public:
  using Job = Completion<>;

  WorkThread() : thread_{[this] { run(); }} {}
  ~WorkThread() { end(); }
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  void post(Job job) {
    {
      const std::lock_guard lock{mutex_};
      if (!ended_) {
        jobs_.push_back(std::move(job));
        changed_.notify_one();
        return;
      }
    }
    job();
  }

  /// Runs what is left, and ends the thread. Idempotent.
  void end() {
    {
      const std::lock_guard lock{mutex_};
      ending_ = true;
      changed_.notify_one();
    }
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    std::unique_lock lock{mutex_};
    for (;;) {
      changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      if (jobs_.empty()) break;
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      try {
        job();
      } catch (const std::bad_alloc&) {  // whoever asked gives up in time
      }
      job = {};  // what it held goes without the lock
      lock.lock();
    }
    ended_ = true;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  bool ending_ = false;
  bool ended_ = false;
  std::thread thread_;  // last: it uses all above
};

}  // namespace kefu::inline v0
