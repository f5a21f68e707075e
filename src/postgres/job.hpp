// Jobs: calls of the store on their way through its thread. They say what to ask and write; when,
// and on which connection, is not theirs to know, and they may be begun anew any number of times.
#pragma once

#include <algorithm>
#include <kefu/model/time.hpp>
#include <kefu/store.hpp>
#include <utility>
#include <vector>

#include "postgres/connection.hpp"
#include "postgres/keys.hpp"

namespace kefu::inline v0::postgres {

class Job {
 public:
  Job() = default;
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// Completes the call: errc::ok, or why it could not be done.
  virtual void finish(errc code) = 0;

  Instant deadline;  ///< when to give up
};

/// One step on a connection that it shares with other reads.
class Read : public Job {
 public:
  virtual void send(Connection& on) = 0;
  virtual void receive(const Answers& answers) = 0;
  /// May take long: must not stand in the way of others.
  [[nodiscard]] virtual bool heavy() const { return false; }
};

/// What a transaction locks: all of `exclusive` in their order, then all of `shared` in theirs.
/// Conversations and records come first, sessions last, so that no two wait for each other.
struct Locks {
  std::vector<LockKey> exclusive;
  std::vector<LockKey> shared;

  void sort() {
    for (std::vector<LockKey>* keys : {&exclusive, &shared}) {
      std::sort(keys->begin(), keys->end());
      keys->erase(std::unique(keys->begin(), keys->end()), keys->end());
    }
  }
};

/// A transaction: it locks, looks, judges what it saw, and writes and commits in one step.
class Write : public Job {
 public:
  enum class Next : std::uint8_t {
    write,       ///< write() and commit
    nothing,     ///< there is nothing to write: finished
    look_again,  ///< another look, behind further locks
  };

  /// Writes that share one are done in the order of their submission. Sorted.
  [[nodiscard]] const std::vector<LockKey>& order() const noexcept { return order_; }
  /// Takes another write that came behind this one into the same transaction, if it can.
  virtual bool absorb(Write&) { return false; }

  /// Before each attempt.
  virtual void restart() {}
  /// The locks to take before the next look.
  [[nodiscard]] virtual Locks locks() const = 0;
  virtual void look(Connection& on) = 0;
  /// `now` is the store's clock.
  virtual Next judge(const Answers& answers, Timestamp now) = 0;
  virtual void write(Connection& on) = 0;
  /// After a commit: true when there is more to do, in another transaction.
  [[nodiscard]] virtual bool more() { return false; }

 protected:
  std::vector<LockKey> order_;
};

/// A call whose answer is a result<T>.
template <class T, class Kind>
class Answered : public Kind {
 public:
  explicit Answered(Completion<result<T>> done) : done_(std::move(done)) {}
  void finish(errc code) override {
    if (code != errc::ok) answer_ = code;
    done_(std::move(answer_));
  }

 protected:
  result<T> answer_ = errc::unavailable;

 private:
  Completion<result<T>> done_;
};

}  // namespace kefu::inline v0::postgres
