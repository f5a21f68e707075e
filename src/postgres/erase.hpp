// Erase: in transactions of a bounded size, so that no other call waits for all of it. First the
// participant's sessions, then what they wrote, from the oldest on.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "postgres/job.hpp"

namespace kefu::inline v0::postgres {

class EraseJob final : public Answered<std::uint64_t, Write> {
 public:
  EraseJob(std::string participant, Completion<result<std::uint64_t>> done, const Keys& keys)
      : Answered(std::move(done)), participant_(std::move(participant)), keys_(keys) {
    order_ = {keys_.erasure(participant_)};
  }

  void restart() override { locked_ = false; }
  [[nodiscard]] Locks locks() const override;
  void look(Connection& on) override;
  Next judge(const Answers& answers, Timestamp now) override;
  void write(Connection& on) override;
  [[nodiscard]] bool more() override;

 private:
  Next judge_sessions(const Rows& rows);
  Next judge_entries(const Rows& rows);

  std::string participant_;
  Keys keys_;
  bool sessions_gone_ = false;
  std::uint64_t end_ = 0;  ///< above all entries that it is about; 0: not known yet
  std::uint64_t done_to_ = 0;
  std::uint64_t emptied_ = 0;
  // Of one attempt.
  bool locked_ = false;
  std::vector<SessionId> sessions_;
  Array positions_ = Array::bigints();
  std::uint64_t looked_to_ = 0;
};

}  // namespace kefu::inline v0::postgres
