// WriteQueue: writes that wait for a lane. Those that share a key of their order go one after the
// other; the rest may overtake. Appends that wait go together.
#pragma once

#include <algorithm>
#include <deque>
#include <kefu/model/time.hpp>
#include <memory>
#include <unordered_set>
#include <utility>
#include <vector>

#include "postgres/job.hpp"

namespace kefu::inline v0::postgres {

class WriteQueue {
 public:
  [[nodiscard]] bool empty() const { return jobs_.empty(); }
  void push(std::unique_ptr<Write> job) { jobs_.push_back(std::move(job)); }

  /// The next that may begin, with what it absorbs; null when none may. Its keys are held until
  /// release().
  [[nodiscard]] std::unique_ptr<Write> take() {
    std::unique_ptr<Write> taken;
    std::unordered_set<LockKey> passed;  // of those that stay before others
    const std::size_t end = std::min(jobs_.size(), kLooked);
    for (std::size_t i = 0; i < end; ++i) {
      std::unique_ptr<Write>& job = jobs_[i];
      const bool free = std::none_of(job->order().begin(), job->order().end(), [&](LockKey key) {
        return held_.contains(key) || passed.contains(key);
      });
      if (free && !taken) {
        taken = std::move(job);
      } else if (free && taken->absorb(*job)) {
        job.reset();
      } else {
        passed.insert(job->order().begin(), job->order().end());
      }
    }
    std::erase(jobs_, nullptr);
    if (taken) held_.insert(taken->order().begin(), taken->order().end());
    return taken;
  }
  void release(const Write& job) {
    for (const LockKey key : job.order()) held_.erase(key);
  }

  /// Takes the first that has waited too long, or, with `all`, the first.
  [[nodiscard]] std::unique_ptr<Write> overdue(Instant now, bool all) {
    if (jobs_.empty() || (!all && now < jobs_.front()->deadline)) return nullptr;
    std::unique_ptr<Write> job = std::move(jobs_.front());
    jobs_.pop_front();
    return job;
  }
  [[nodiscard]] Instant due() const {
    return jobs_.empty() ? Instant{INT64_MAX} : jobs_.front()->deadline;
  }

 private:
  static constexpr std::size_t kLooked = 256;  ///< waiting writes that are looked at

  std::deque<std::unique_ptr<Write>> jobs_;
  std::unordered_set<LockKey> held_;
};

}  // namespace kefu::inline v0::postgres
