#include "postgres/erase.hpp"

namespace kefu::inline v0::postgres {
namespace {

constexpr std::uint64_t kSessionsAtOnce = 1'000;
constexpr std::uint64_t kEntriesAtOnce = 5'000;

}  // namespace

Locks EraseJob::locks() const {
  Locks locks;
  if (!locked_) return {order_, {}};
  for (const SessionId id : sessions_) locks.shared.push_back(keys_.of(id));
  locks.exclusive.swap(locks.shared);
  locks.sort();
  return locks;
}

void EraseJob::look(Connection& on) {
  if (!sessions_gone_) {
    if (locked_) return on.send(Query::clock);  // the locks are what it waits for
    return on.send(Query::sessions_of,
                   Params().add_bytes(participant_).add(std::uint64_t{kSessionsAtOnce}));
  }
  if (end_ == 0) return on.send(Query::horizon);
  on.send(
      Query::written_by,
      Params().add(done_to_).add(end_).add(std::uint64_t{kEntriesAtOnce}).add_bytes(participant_));
}

Write::Next EraseJob::judge(const Answers& answers, Timestamp) {
  const Rows& rows = answers.at(0);
  if (!sessions_gone_) return judge_sessions(rows);
  if (end_ != 0) return judge_entries(rows);
  end_ = rows.number(0, 0);
  sessions_.clear();
  locked_ = true;
  return Next::look_again;
}

Write::Next EraseJob::judge_sessions(const Rows& rows) {
  if (locked_) return Next::write;
  sessions_.clear();
  for (int row = 0; row < rows.size(); ++row) sessions_.push_back(rows.id<SessionId>(row, 0));
  locked_ = true;
  sessions_gone_ = sessions_.empty();
  return Next::look_again;
}

Write::Next EraseJob::judge_entries(const Rows& rows) {
  positions_ = Array::bigints();
  looked_to_ = rows.number(0, 1) == kEntriesAtOnce ? rows.number(0, 0) : end_;
  for (int row = 0; row < rows.size() && !rows.null(row, 2); ++row)
    positions_.add(rows.number(row, 2));
  if (positions_.size() != 0) return Next::write;
  done_to_ = looked_to_;
  answer_ = emptied_;
  return done_to_ == end_ ? Next::nothing : Next::look_again;
}

void EraseJob::write(Connection& on) {
  if (sessions_gone_) return on.send(Query::empty, Params().add(positions_));
  Array ids = Array::uuids();
  for (const SessionId id : sessions_) ids.add(id);
  on.send(Query::end_sessions, Params().add(ids));
}

bool EraseJob::more() {
  if (!sessions_gone_) return true;
  emptied_ += positions_.size();
  done_to_ = looked_to_;
  answer_ = emptied_;
  return done_to_ != end_;
}

}  // namespace kefu::inline v0::postgres
