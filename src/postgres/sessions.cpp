#include "postgres/sessions.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace kefu::inline v0::postgres {
namespace {

constexpr Nanoseconds kCoarse{60'000'000'000};

Array ids_of(const std::vector<SessionLease>& leases) {
  Array ids = Array::uuids();
  for (const SessionLease& lease : leases) ids.add(lease.session);
  return ids;
}

}  // namespace

// ---- attach

void AttachJob::look(Connection& on) {
  on.send(Query::session, Params().add(request_.session));
  on.send(Query::marks_of, Params().add(request_.session));
}

Write::Next AttachJob::judge(const Answers& answers, Timestamp now) {
  const Rows& session = answers.at(0);
  const bool exists = !session.empty();
  outcome_ = {};
  outcome_.code = errc::ok;
  if (request_.create == exists) {
    outcome_.code = exists ? errc::conflict : errc::session_expired;
  } else if (exists && session.bytes(0, 0) != request_.participant.id) {
    outcome_.code = errc::denied;
  } else {
    if (exists) outcome_.epoch = session.number(0, 1);
    if (request_.epoch <= outcome_.epoch) outcome_.code = errc::stale_epoch;
  }
  if (outcome_.code != errc::ok) return Next::nothing;
  now_ = now;
  outcome_.epoch = request_.epoch;
  const Rows& marks = answers.at(1);
  for (int row = 0; row < marks.size(); ++row)
    outcome_.marks.push_back({marks.id<ConversationId>(row, 0), marks.number(row, 1)});
  return Next::write;
}

void AttachJob::write(Connection& on) {
  on.send(Query::put_session, Params()
                                  .add(request_.session)
                                  .add_bytes(request_.participant.id)
                                  .add(request_.epoch)
                                  .add(now_.ns));
}

void AttachJob::finish(errc code) {
  if (code != errc::ok) outcome_ = {code, 0, {}};
  done_(std::move(outcome_));
}

// ---- renew

RenewJob::RenewJob(std::vector<SessionLease> leases, Completion<result<std::vector<errc>>> done,
                   const Keys& keys)
    : Answered(std::move(done)), leases_(std::move(leases)) {
  for (const SessionLease& lease : leases_) locks_.shared.push_back(keys.of(lease.session));
  locks_.sort();
}

void RenewJob::look(Connection& on) { on.send(Query::epochs, Params().add(ids_of(leases_))); }

Write::Next RenewJob::judge(const Answers& answers, Timestamp now) {
  now_ = now;
  const Rows& epochs = answers.at(0);
  std::map<SessionId, std::uint64_t> known;
  for (int row = 0; row < epochs.size(); ++row)
    known[epochs.id<SessionId>(row, 0)] = epochs.number(row, 1);
  std::vector<errc> codes;
  codes.reserve(leases_.size());
  bool any = false;
  for (const SessionLease& lease : leases_) {
    const auto found = known.find(lease.session);
    codes.push_back(found == known.end()           ? errc::session_expired
                    : found->second != lease.epoch ? errc::fenced
                                                   : errc::ok);
    any = any || codes.back() == errc::ok;
  }
  answer_ = std::move(codes);
  return any ? Next::write : Next::nothing;
}

void RenewJob::write(Connection& on) {
  Array epochs = Array::bigints();
  for (const SessionLease& lease : leases_) epochs.add(lease.epoch);
  on.send(Query::renew,
          Params().add(ids_of(leases_)).add(epochs).add(now_.ns).add((now_ - kCoarse).ns));
}

// ---- expire

Locks ExpireJob::locks() const {
  Locks locks;
  if (!found_) return locks;
  for (const SessionId id : sessions_) locks.exclusive.push_back(keys_.of(id));
  locks.sort();
  return locks;
}

void ExpireJob::look(Connection& on) {
  if (found_) return on.send(Query::still_idle, Params().add(ids()).add(before_.ns));
  const auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  on.send(Query::idle_sessions,
          Params().add(before_.ns).add(std::min(std::uint64_t{limit_}, most)));
}

Write::Next ExpireJob::judge(const Answers& answers, Timestamp) {
  sessions_.clear();
  const Rows& idle = answers.at(0);
  for (int row = 0; row < idle.size(); ++row) sessions_.push_back(idle.id<SessionId>(row, 0));
  answer_ = sessions_;
  if (sessions_.empty()) return Next::nothing;
  return std::exchange(found_, true) ? Next::write : Next::look_again;
}

void ExpireJob::write(Connection& on) { on.send(Query::end_sessions, Params().add(ids())); }

Array ExpireJob::ids() const {
  Array ids = Array::uuids();
  for (const SessionId id : sessions_) ids.add(id);
  return ids;
}

}  // namespace kefu::inline v0::postgres
