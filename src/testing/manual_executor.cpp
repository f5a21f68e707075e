#include <kefu/testing/manual_executor.hpp>

#include <utility>

namespace kefu::inline v0::testing {

void ManualExecutor::post(Task task) {
  const std::scoped_lock lock(mutex_);
  ready_.push_back(std::move(task));
}

void ManualExecutor::post_at(Instant when, Task task) {
  const std::scoped_lock lock(mutex_);
  if (when <= now_) {
    ready_.push_back(std::move(task));
  } else {
    timers_.emplace(Due{when, ++posted_}, std::move(task));
  }
}

Instant ManualExecutor::now() const {
  const std::scoped_lock lock(mutex_);
  return now_;
}

bool ManualExecutor::run_one() {
  Task task;
  {
    const std::scoped_lock lock(mutex_);
    if (ready_.empty()) return false;
    task = std::move(ready_.front());
    ready_.pop_front();
  }
  task();
  return true;
}

std::size_t ManualExecutor::run_until_idle(std::size_t limit) {
  std::size_t count = 0;
  while (count < limit && run_one()) ++count;
  return count;
}

void ManualExecutor::advance(Nanoseconds by) {
  const Instant end = now() + by;
  run_until_idle();
  for (auto due = next_due(); due && *due <= end; due = next_due()) {
    advance_to(*due);
    run_until_idle();
  }
  advance_to(end);
}

void ManualExecutor::advance_to(Instant when) {
  const std::scoped_lock lock(mutex_);
  if (when > now_) now_ = when;
  while (!timers_.empty() && timers_.begin()->first.first <= now_) {
    ready_.push_back(std::move(timers_.begin()->second));
    timers_.erase(timers_.begin());
  }
}

std::size_t ManualExecutor::ready() const {
  const std::scoped_lock lock(mutex_);
  return ready_.size();
}

std::optional<Instant> ManualExecutor::next_due() const {
  const std::scoped_lock lock(mutex_);
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first.first;
}

void ManualExecutor::drop_all() {
  while (true) {
    std::deque<Task> ready;
    std::map<Due, Task> timers;
    {
      const std::scoped_lock lock(mutex_);
      ready.swap(ready_);
      timers.swap(timers_);
    }
    if (ready.empty() && timers.empty()) return;
  }
}

}  // namespace kefu::inline v0::testing
