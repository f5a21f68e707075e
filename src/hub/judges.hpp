// Judges: the policies at work on the drafts of one home. A chain that answers inside the calls
// costs only the calls; whatever takes longer goes through core::Verdicts.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <kefu/append_batch.hpp>
#include <kefu/core/verdicts.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/policy.hpp>
#include <memory>
#include <optional>

namespace kefu::inline v0::hub {

class Home;
class Shard;

class Judges {
 public:
  /// Precondition: the hub has policies.
  Judges(Shard& shard, Home& home);

  /// Judges a draft of the batch, or (not `ask`, for one that is refused anyway) only looks whether
  /// it must wait behind others. False: it must leave the batch, and comes back by released().
  [[nodiscard]] bool judge(AppendBatch& batch, Draft& draft, const Conversation& conversation,
                           bool ask);

  /// What has been decided since the last call, in order; null: nothing.
  [[nodiscard]] std::unique_ptr<AppendBatch> released() { return std::move(released_); }

 private:
  /// Where a policy puts its answer: the asker takes it when it is there as the call ends, else it
  /// is posted.
  struct Answer;

  [[nodiscard]] std::optional<Verdict> consult(std::uint64_t number, std::size_t step,
                                               const Draft& draft, const core::Judgement& judgement,
                                               const Conversation& conversation);
  void on_verdict(Answer& answer);
  void carry_out();
  void ask(const core::verdict_effect::Ask& ask);
  void arm();
  void on_deadline();

  Shard& shard_;
  Home& home_;
  const core::Judgement::Bounds bounds_;
  core::Verdicts verdicts_;
  core::VerdictEffects effects_;
  std::shared_ptr<Answer> answer_;  // kept for the next question while it is ours alone
  std::unique_ptr<AppendBatch> released_;
  std::uint64_t last_number_ = 0;
  std::optional<Instant> armed_;
};

}  // namespace kefu::inline v0::hub
