// Append: one or more batches in one transaction.
#pragma once

#include <kefu/core/ledger.hpp>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "postgres/entries.hpp"
#include "postgres/job.hpp"

namespace kefu::inline v0::postgres {

class AppendJob final : public Write {
 public:
  AppendJob(std::unique_ptr<AppendBatch> batch, Completion<std::unique_ptr<AppendBatch>> done,
            const Keys& keys, std::uint32_t window);

  bool absorb(Write& other) override;
  [[nodiscard]] Locks locks() const override { return locks_; }
  void look(Connection& on) override;
  Next judge(const Answers& answers, Timestamp now) override;
  void write(Connection& on) override;
  void finish(errc code) override;

 private:
  struct Part {
    std::unique_ptr<AppendBatch> batch;
    Completion<std::unique_ptr<AppendBatch>> done;
  };
  using MarkKey = std::pair<SessionId, ConversationId>;

  void load(const Answers& answers);
  void judge(const Draft& draft, Outcome& outcome, Timestamp now);

  std::vector<Part> parts_;
  std::size_t drafts_ = 0;
  std::uint32_t window_;
  Locks locks_;

  // Of one attempt.
  Heads heads_;
  std::map<SessionId, core::SessionLedger> sessions_;
  std::set<MarkKey> written_marks_;
  EntryRows entries_;
};

}  // namespace kefu::inline v0::postgres
