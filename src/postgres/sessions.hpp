// Sessions: attach, renew and expire.
#pragma once

#include <utility>
#include <vector>

#include "postgres/job.hpp"

namespace kefu::inline v0::postgres {

class AttachJob final : public Write {
 public:
  AttachJob(AttachRequest request, Completion<AttachOutcome> done, const Keys& keys)
      : request_(std::move(request)), done_(std::move(done)) {
    order_ = {keys.of(request_.session)};
  }

  [[nodiscard]] Locks locks() const override { return {order_, {}}; }
  void look(Connection& on) override;
  Next judge(const Answers& answers, Timestamp now) override;
  void write(Connection& on) override;
  void finish(errc code) override;

 private:
  AttachRequest request_;
  Completion<AttachOutcome> done_;
  AttachOutcome outcome_;
  Timestamp now_;
};

/// What was seen within the last minute is not written again.
class RenewJob final : public Answered<std::vector<errc>, Write> {
 public:
  RenewJob(std::vector<SessionLease> leases, Completion<result<std::vector<errc>>> done,
           const Keys& keys);

  /// Shared: beside what those sessions append, but not beside their expiry.
  [[nodiscard]] Locks locks() const override { return locks_; }
  void look(Connection& on) override;
  Next judge(const Answers& answers, Timestamp now) override;
  void write(Connection& on) override;

 private:
  std::vector<SessionLease> leases_;
  Locks locks_;
  Timestamp now_;
};

/// Looks twice: for what may be idle, and, behind locks, for what still is.
class ExpireJob final : public Answered<std::vector<SessionId>, Write> {
 public:
  ExpireJob(Nanoseconds idle, std::size_t limit, Completion<result<std::vector<SessionId>>> done,
            const Keys& keys, Timestamp now)
      : Answered(std::move(done)), before_(now - idle), limit_(limit), keys_(keys) {}

  void restart() override { found_ = false; }
  [[nodiscard]] Locks locks() const override;
  void look(Connection& on) override;
  Next judge(const Answers& answers, Timestamp now) override;
  void write(Connection& on) override;

 private:
  [[nodiscard]] Array ids() const;

  Timestamp before_;
  std::size_t limit_;
  Keys keys_;
  bool found_ = false;
  std::vector<SessionId> sessions_;
};

}  // namespace kefu::inline v0::postgres
