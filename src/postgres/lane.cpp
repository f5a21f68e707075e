#include "postgres/lane.hpp"

#include <algorithm>
#include <utility>

#include "postgres/sql_state.hpp"

namespace kefu::inline v0::postgres {
namespace {

constexpr Nanoseconds kFirstPause{2'000'000};
constexpr Nanoseconds kLongestPause{200'000'000};

}  // namespace

void Lane::begin(std::unique_ptr<Write> job, Instant now) {
  job_ = std::move(job);
  now_ = now;
  pause_ = {};
  resume_ = {};
  start();
}

void Lane::sent(Phase phase) {
  connection_.end_step();
  phase_ = phase;
  since_ = now_;
}

void Lane::start() {
  job_->restart();
  connection_.send(Query::begin);
  skip_ = 1;
  lock(Query::lock, {key_});
  look();
}

void Lane::lock(Query how, const std::vector<LockKey>& keys) {
  if (keys.empty()) return;
  Array array = Array::bigints();
  for (const LockKey key : keys) array.add(static_cast<std::uint64_t>(key));
  connection_.send(how, Params().add(array));
  ++skip_;
}

void Lane::look() {
  const Locks locks = job_->locks();
  lock(Query::lock, locks.exclusive);
  lock(Query::lock_shared, locks.shared);
  job_->look(connection_);
  sent(Phase::looking);
}

void Lane::resolve() {
  lock(Query::lock, {key_});
  connection_.send(Query::lane, Params().add(id_));
  sent(Phase::resolving);
}

void Lane::commit() {
  job_->write(connection_);
  connection_.send(Query::put_lane, Params().add(id_).add(++serial_));
  connection_.send(Query::commit);
  sent(Phase::committing);
}

void Lane::roll_back() {
  connection_.send(Query::rollback);
  sent(Phase::ending);
}

Lane::Done Lane::finish(errc code) {
  unknown_ = false;
  return {std::move(job_), code};
}

std::optional<Lane::Done> Lane::progress(short happened, Instant now, Timestamp store_now,
                                         bool stop) {
  if (!wanted_) return {};
  now_ = now;
  connection_.progress(happened);
  std::optional<Done> done;
  for (Step step; !done && connection_.take(step);) done = answered(step, store_now);
  if (phase_ != Phase::idle && now >= since_ + timeout_) connection_.close();
  if (redial_.keep(connection_, now)) {
    unknown_ = unknown_ || phase_ == Phase::committing;
    phase_ = Phase::idle;
  }
  if (done || !job_ || phase_ != Phase::idle) return done;
  done = give_up(stop);
  if (done || !connection_.ready() || now < resume_) return done;
  unknown_ ? resolve() : start();
  return done;
}

Instant Lane::due() const {
  Instant due{INT64_MAX};
  if (!wanted_) return due;
  if (!connection_.ready()) due = redial_.due(connection_);
  if (phase_ != Phase::idle) due = std::min(due, since_ + timeout_);
  if (job_ && phase_ == Phase::idle) {
    due = std::min(due, job_->deadline);
    if (connection_.ready()) due = std::min(due, resume_);
  }
  return due;
}

std::optional<Lane::Done> Lane::give_up(bool stop) {
  const Instant end = unknown_ ? job_->deadline + timeout_ : job_->deadline;
  if (now_ < end && !(stop && !unknown_ && !connection_.ready())) return {};
  return finish(unknown_ ? errc::timed_out : errc::unavailable);
}

std::optional<Lane::Done> Lane::answered(Step& step, Timestamp store_now) {
  switch (phase_) {
    case Phase::resolving:
      return resolved(step);
    case Phase::looking:
      return looked(step, store_now);
    case Phase::committing:
      return committed(step);
    case Phase::ending:
      phase_ = Phase::idle;
      if (!step.state.empty()) connection_.close();
      return {};
    case Phase::idle:
      break;
  }
  return {};
}

std::optional<Lane::Done> Lane::resolved(const Step& step) {
  if (!step.state.empty()) {
    phase_ = Phase::idle;
    connection_.close();  // and ask on another
    return {};
  }
  phase_ = Phase::idle;
  const Rows& row = step.answers.at(1);
  if (!row.empty() && row.number(0, 0) == serial_) return finish(errc::ok);
  unknown_ = false;
  start();
  return {};
}

std::optional<Lane::Done> Lane::looked(Step& step, Timestamp store_now) {
  if (!step.state.empty()) return failed(step.state);
  step.answers.erase(step.answers.begin(), step.answers.begin() + std::exchange(skip_, 0));
  switch (job_->judge(step.answers, store_now)) {
    case Write::Next::write:
      commit();
      return {};
    case Write::Next::look_again:
      look();
      return {};
    case Write::Next::nothing:
      break;
  }
  roll_back();
  return finish(errc::ok);
}

std::optional<Lane::Done> Lane::committed(const Step& step) {
  if (!step.state.empty()) return failed(step.state);
  if (step.answers.back().tag() != "COMMIT") return failed("40000");
  phase_ = Phase::idle;
  return finish(errc::ok);
}

std::optional<Lane::Done> Lane::failed(std::string_view state) {
  switch (remedy_of(state)) {
    case Remedy::reconnect:
      // While committing it may have been said behind the commit: the phase stays, so this is found
      // out.
      connection_.close();
      return {};
    case Remedy::again:
      pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
      resume_ = now_ + pause_ / 2 + pause_ / 16 * static_cast<std::int64_t>(id_.lo % 8);
      roll_back();
      return {};
    case Remedy::none:
      break;
  }
  roll_back();
  return finish(code_of(state));
}

}  // namespace kefu::inline v0::postgres
