// Commit: changes of records, entries and redactions, all or none.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "postgres/entries.hpp"
#include "postgres/job.hpp"

namespace kefu::inline v0::postgres {

class CommitJob final : public Answered<Committed, Write> {
 public:
  CommitJob(Commit commit, Completion<result<Committed>> done, const Keys& keys);

  [[nodiscard]] Locks locks() const override { return {order_, {}}; }
  void look(Connection& on) override;
  Next judge(const Answers& answers, Timestamp now) override;
  void write(Connection& on) override;

 private:
  /// The versions that the changes make, or a conflict.
  result<std::vector<std::uint64_t>> step(const Rows& stored);
  /// errc::ok when all redactions may be done.
  [[nodiscard]] errc may_redact(const Rows& stored) const;
  void place_entries(Timestamp now);
  void write_records(Connection& on) const;
  void write_redactions(Connection& on) const;

  Commit commit_;
  std::vector<RecordKey> keys_;  ///< of the changes, each once, sorted
  Heads heads_;                  ///< of one attempt
};

}  // namespace kefu::inline v0::postgres
