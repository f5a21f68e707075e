// Lane: a connection for writes, one transaction at a time, and what is done when that goes wrong.
//
// A transaction locks, looks, judges, and then writes and commits in one step. With its writes goes
// a row of the lane's own: the serial of the transaction. When the connection is lost before that
// last step is answered, the next one asks for this row, behind a lock that the transaction held:
// so it knows, and never guesses, whether the commit has happened; by then it can't happen any
// more. Before that step nothing can have been stored, and the job begins anew.
#pragma once

#include <kefu/model/id.hpp>
#include <memory>
#include <optional>
#include <string_view>

#include "postgres/job.hpp"
#include "postgres/redial.hpp"

namespace kefu::inline v0::postgres {

using LaneId = Id<struct LaneTag>;

class Lane {
 public:
  struct Done {
    std::unique_ptr<Write> job;
    errc code;
  };

  /// `id` is this lane's alone, for ever.
  Lane(Connection connection, LaneId id, const Keys& keys, Nanoseconds timeout)
      : connection_(std::move(connection)),
        id_(id),
        key_(keys.lane(id.hi, id.lo)),
        timeout_(timeout) {}

  /// It connects when it is wanted for the first time.
  void want() { wanted_ = true; }
  [[nodiscard]] bool wanted() const { return wanted_; }
  /// May begin() now.
  [[nodiscard]] bool idle() const { return connection_.ready() && !job_ && phase_ == Phase::idle; }
  [[nodiscard]] bool working() const { return job_ != nullptr; }
  void begin(std::unique_ptr<Write> job, Instant now);

  [[nodiscard]] Connection& connection() { return connection_; }
  /// Goes on after poll(), or when due(): gives back a job that has ended. `stop`: what has not
  /// been begun on the server, and can't be, ends.
  std::optional<Done> progress(short happened, Instant now, Timestamp store_now, bool stop);
  [[nodiscard]] Instant due() const;

 private:
  enum class Phase : std::uint8_t {
    idle,        ///< nothing was sent that is not answered
    resolving,   ///< asking whether the last commit has happened
    looking,     ///< behind locks
    committing,  ///< the writes and the commit are sent: until the answer anything may be true
    ending,      ///< rolling back
  };

  void start();
  void lock(Query how, const std::vector<LockKey>& keys);
  void look();
  void resolve();
  void commit();
  void roll_back();
  void sent(Phase phase);
  std::optional<Done> answered(Step& step, Timestamp store_now);
  std::optional<Done> resolved(const Step& step);
  std::optional<Done> looked(Step& step, Timestamp store_now);
  std::optional<Done> committed(const Step& step);
  std::optional<Done> failed(std::string_view state);
  std::optional<Done> give_up(bool stop);
  Done finish(errc code);

  Connection connection_;
  LaneId id_;
  LockKey key_;
  Nanoseconds timeout_;
  Redial redial_;
  bool wanted_ = false;
  std::unique_ptr<Write> job_;
  Phase phase_ = Phase::idle;
  std::ptrdiff_t skip_ = 0;  ///< answers before those to the job's look
  bool unknown_ = false;     ///< whether the commit of serial_ has happened
  std::uint64_t serial_ = 0;
  Instant now_;
  Instant since_;   ///< when what is under way was sent
  Instant resume_;  ///< when the job is tried again
  Nanoseconds pause_{};
};

}  // namespace kefu::inline v0::postgres
