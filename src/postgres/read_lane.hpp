// ReadLane: a connection for reads, many under way at once. Those that a lost connection leaves
// unanswered are given back, to be asked again.
#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "postgres/job.hpp"
#include "postgres/redial.hpp"
#include "postgres/sql_state.hpp"

namespace kefu::inline v0::postgres {

class ReadLane {
 public:
  using Jobs = std::deque<std::unique_ptr<Read>>;

  ReadLane(Connection connection, Nanoseconds timeout)
      : connection_(std::move(connection)), timeout_(timeout) {}

  /// It connects when it is wanted for the first time.
  void want() { wanted_ = true; }
  [[nodiscard]] bool ready() const { return connection_.ready() && jobs_.size() < kMost; }
  [[nodiscard]] std::size_t load() const { return jobs_.size(); }
  void begin(std::unique_ptr<Read> job, Instant now) {
    if (jobs_.empty()) since_ = now;
    job->send(connection_);
    connection_.end_step();
    jobs_.push_back(std::move(job));
  }

  [[nodiscard]] Connection& connection() { return connection_; }
  /// Goes on after poll(), or when due().
  void progress(short happened, Instant now, Jobs& again) {
    if (!wanted_) return;
    connection_.progress(happened);
    for (Step step; connection_.take(step); since_ = now) answered(step, again);
    if (!jobs_.empty() && now >= since_ + timeout_) connection_.close();
    redial_.keep(connection_, now);
    if (connection_.ready()) return;
    for (; !jobs_.empty(); jobs_.pop_front()) again.push_back(std::move(jobs_.front()));
  }
  [[nodiscard]] Instant due() const {
    if (!wanted_) return Instant{INT64_MAX};
    if (!connection_.ready()) return redial_.due(connection_);
    return jobs_.empty() ? Instant{INT64_MAX} : since_ + timeout_;
  }

 private:
  static constexpr std::size_t kMost = 64;  ///< under way

  void answered(const Step& step, Jobs& again) {
    std::unique_ptr<Read> job = std::move(jobs_.front());
    jobs_.pop_front();
    if (step.state.empty()) {
      job->receive(step.answers);
      return job->finish(errc::ok);
    }
    const Remedy remedy = remedy_of(step.state);
    if (remedy == Remedy::none) return job->finish(code_of(step.state));
    again.push_back(std::move(job));
    if (remedy == Remedy::reconnect) connection_.close();
  }

  Connection connection_;
  Nanoseconds timeout_;
  Redial redial_;
  bool wanted_ = false;
  Jobs jobs_;
  Instant since_;  ///< when the first of them became the first
};

}  // namespace kefu::inline v0::postgres
