#include "judges.hpp"

#include <utility>
#include <variant>

#include "home.hpp"
#include "shard.hpp"

namespace kefu::inline v0::hub {
namespace {

std::vector<OnTimeout> rules_of(const Context& context) {
  std::vector<OnTimeout> rules;
  for (const auto& policy : context.policies) rules.push_back(policy->on_timeout());
  return rules;
}

}  // namespace

struct Judges::Answer {
  enum class State : std::uint8_t {
    asking,    // the call of the policy is not over
    answered,  // it was answered before it was over
    left,      // it was over first: the answer is to be posted
  };
  std::atomic<State> state{State::asking};
  Verdict verdict;
  Judges* judges = nullptr;
  Executor* executor = nullptr;
  std::shared_ptr<bool> alive;
  std::uint64_t number = 0;
  std::size_t step = 0;
};

Judges::Judges(Shard& shard, Home& home)
    : shard_(shard),
      home_(home),
      bounds_{shard.bounds().max_body, shard.bounds().max_tags},
      verdicts_(rules_of(shard.context()), bounds_, shard.bounds().policy_deadline,
                shard.bounds().window) {}

bool Judges::judge(AppendBatch& batch, Draft& draft, const Conversation& conversation, bool ask) {
  const std::uint64_t number = ++last_number_;
  if (verdicts_.holds(draft)) {
    verdicts_.add(number, draft, ask, effects_);
    carry_out();
    return false;
  }
  if (!ask) return true;
  core::Judgement judgement;
  const auto& policies = shard_.context().policies;
  for (std::size_t step = 0; step < policies.size() && !judgement.denied(); ++step) {
    std::optional<Verdict> verdict = consult(number, step, draft, judgement, conversation);
    if (verdict) {
      judgement.apply(std::move(*verdict), bounds_);
    } else if (shard_.executor().now() >= verdicts_.deadline_of(draft)) {
      judgement.time_out(policies[step]->on_timeout(), bounds_);
    } else {
      verdicts_.wait(number, draft, std::move(judgement), step);
      arm();
      return false;
    }
  }
  core::JudgedDraft::conclude(draft, judgement, bounds_);
  if (judgement.rewritten()) draft.body = batch.keep(draft.body);
  draft.tags = batch.keep(draft.tags);
  draft.reason = batch.keep(draft.reason);
  return true;
}

std::optional<Verdict> Judges::consult(std::uint64_t number, std::size_t step, const Draft& draft,
                                       const core::Judgement& judgement,
                                       const Conversation& conversation) {
  if (!answer_) {
    answer_ = std::make_shared<Answer>();
    answer_->judges = this;
    answer_->executor = &shard_.executor();
    answer_->alive = shard_.context().alive;
  }
  Answer& answer = *answer_;
  answer.state.store(Answer::State::asking, std::memory_order_relaxed);
  answer.number = number;
  answer.step = step;
  const PolicyContext context{draft.from,
                              draft.role,
                              conversation,
                              draft.peer,
                              draft.log,
                              draft.kind,
                              judgement.body(draft.body)};
  shard_.context().policies[step]->decide(
      context, verdicts_.deadline_of(draft), [to = answer_](Verdict verdict) {
        to->verdict = std::move(verdict);
        auto state = Answer::State::asking;
        if (to->state.compare_exchange_strong(state, Answer::State::answered)) return;
        to->executor->post([to] {
          if (*to->alive) to->judges->on_verdict(*to);
        });
      });
  auto state = Answer::State::asking;
  if (answer.state.compare_exchange_strong(state, Answer::State::left)) {
    answer_.reset();
    return std::nullopt;
  }
  std::optional<Verdict> verdict = std::move(answer.verdict);
  if (answer_.use_count() != 1) answer_.reset();  // its completion is not quite over, elsewhere
  return verdict;
}

void Judges::on_verdict(Answer& answer) {
  // An answer that has waited here until behind the deadline is too late as well.
  verdicts_.on_tick(shard_.executor().now(), effects_);
  verdicts_.on_verdict(answer.number, answer.step, std::move(answer.verdict), effects_);
  carry_out();
}

void Judges::carry_out() {
  for (std::size_t i = 0; i < effects_.size(); ++i) {  // it grows meanwhile
    auto effect = std::move(effects_[i]);
    if (const auto* const asked = std::get_if<core::verdict_effect::Ask>(&effect)) {
      ask(*asked);
    } else if (const auto* const drop = std::get_if<core::verdict_effect::Drop>(&effect)) {
      home_.on_unjudged(drop->draft->draft, drop->code);
    } else if (const auto* const release = std::get_if<core::verdict_effect::Release>(&effect)) {
      if (!released_) released_ = shard_.take_batch();
      released_->add(release->draft->draft);
      home_.on_judged(release->draft->draft.conversation);
    }
  }
  if (!effects_.empty()) shard_.flush_soon();
  effects_.clear();
  arm();
}

void Judges::ask(const core::verdict_effect::Ask& ask) {
  const core::JudgedDraft* const draft = verdicts_.find(ask.number);
  const Conversation* const conversation =
      draft ? home_.record(draft->draft.conversation) : nullptr;
  if (!conversation) return;  // dropped meanwhile
  std::optional<Verdict> verdict =
      consult(ask.number, ask.step, draft->draft, draft->judgement, *conversation);
  if (verdict) return verdicts_.on_verdict(ask.number, ask.step, std::move(*verdict), effects_);
  verdicts_.on_asked(ask.number, ask.step, shard_.executor().now(), effects_);
}

void Judges::arm() {
  const std::optional<Instant> due = verdicts_.deadline();
  if (!due || (armed_ && *armed_ <= *due)) return;
  armed_ = due;
  shard_.executor().post_at(*due, [this, alive = shard_.context().alive, when = *due] {
    if (!*alive || armed_ != when) return;
    armed_.reset();
    on_deadline();
  });
}

void Judges::on_deadline() {
  verdicts_.on_tick(shard_.executor().now(), effects_);
  carry_out();
}

}  // namespace kefu::inline v0::hub
