// SLA: the clock of a conversation's promises. It is a fold of the public log: messages and durable
// changes are entries, each with the Store's time, so the clock comes out the same whoever folds
// it, whenever, and however often they were restarted in between. What has come due is told by an
// entry of the internal log, in the commit that stores the clock: once.
//
// FoldSla is run after each entry of a conversation that has a clock, or later: a due time that
// passed before the next entry's is judged before that entry. When a timer comes due (Sweep,
// Judge), the log is folded to its end first, for the answer that meets it may be there already.
#pragma once

#include <algorithm>
#include <kefu/core/assignment_parts.hpp>
#include <kefu/core/calendar.hpp>
#include <kefu/core/working_set.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/sla.hpp>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kefu::inline v0::core {

/// In the commit that opens the conversation, or behind it.
struct StartSla {
  ConversationId conversation;
  SlaPolicy policy;
  std::string calendar;
};
/// Entries of the public log in order of seq: all that follow SlaClock::seq, up to the tail. Those
/// that are folded already are left out. The calendar is the clock's, and must outlive the call.
struct FoldSla {
  ConversationId conversation;
  std::vector<Entry> entries;
  const Calendar* calendar = nullptr;
  Timestamp as_of;  ///< the Store's time before the log was read: what came due by then is judged
};

/// Steps a clock. `told` collects what happened, as bodies of entries of kind::kSla.
class SlaStep {
 public:
  SlaStep(SlaClock& clock, const Calendar& calendar, std::vector<std::string>& told)
      : clock_(clock), calendar_(calendar), told_(told) {}

  /// Precondition: entry.seq is the next one.
  void on_entry(const Entry& entry) {
    judge(entry.at);
    clock_.seq = entry.seq;
    const std::string_view kind = entry.kind;
    if (!is_reserved_kind(kind)) return on_message(entry);
    if (kind == kind::kOpened) return on_opened(entry.at);
    if (kind == kind::kHeld) return pause(entry.at);
    if (kind == kind::kJoined || kind == kind::kLeft) return;
    resume(entry.at);  // every other change ends a hold
    if (kind == kind::kReopened) return on_reopened(entry.at);
    if (kind == kind::kClosed || kind == kind::kAbandoned) clock_.over = true;
    if (kind == kind::kResolved || kind == kind::kClosed) {
      meet(SlaTarget::resolution);
      clock_.timers.clear();
    }
    if (kind == kind::kAbandoned) clock_.timers.clear();  // there is nobody to be answered
  }

  /// Tells what has come due by `now`: what is due at a moment is late from the next one on.
  void judge(Timestamp now) {
    if (clock_.paused) return;
    for (SlaTimer& timer : clock_.timers) {
      if (timer.warn_at && *timer.warn_at < now) {
        timer.warn_at.reset();
        timer.warned = true;
        tell("warned", timer.target);
      }
      if (!timer.breached && timer.due < now) {
        timer.breached = true;
        tell("breached", timer.target);
      }
    }
  }

 private:
  void on_opened(Timestamp at) {
    begin(SlaTarget::first_response, at);
    begin(SlaTarget::resolution, at);
  }

  /// A new promise to resolve it; and the visitor waits for an answer.
  void on_reopened(Timestamp at) {
    clock_.over = false;
    begin(clock_.responded ? SlaTarget::next_response : SlaTarget::first_response, at);
    begin(SlaTarget::resolution, at);
  }

  void on_message(const Entry& entry) {
    if (entry.role == Role::bot) return;  // no answer, and no question
    if (entry.role == Role::visitor) {
      if (clock_.responded) begin(SlaTarget::next_response, entry.at);
      return;
    }
    clock_.responded = true;
    meet(SlaTarget::first_response);
    meet(SlaTarget::next_response);
  }

  /// One that runs keeps running: the visitor waits since the first unanswered message.
  void begin(SlaTarget target, Timestamp at) {
    const std::optional<Nanoseconds> bound = clock_.policy.bound(target);
    if (!bound || std::ranges::count(clock_.timers, target, &SlaTimer::target) > 0) return;
    SlaTimer timer;
    timer.target = target;
    timer.left = *bound;
    clock_.timers.push_back(timer);
    if (!clock_.paused) run(clock_.timers.back(), at);
  }

  /// From `left` to moments. Hours that never come are never due.
  void run(SlaTimer& timer, Timestamp at) {
    constexpr Timestamp kNever{std::numeric_limits<std::int64_t>::max()};
    timer.due = calendar_.add(at, timer.left).value_or(kNever);
    const Nanoseconds before = clock_.policy.warn_before;
    if (before.count() > 0 && !timer.warned)
      timer.warn_at = calendar_.add(at, std::max(timer.left - before, Nanoseconds(0)));
  }

  void pause(Timestamp at) {
    if (std::exchange(clock_.paused, true)) return;
    for (SlaTimer& timer : clock_.timers) {
      timer.left = calendar_.between(at, timer.due);
      timer.warn_at.reset();
    }
  }

  void resume(Timestamp at) {
    if (!std::exchange(clock_.paused, false)) return;
    for (SlaTimer& timer : clock_.timers) run(timer, at);
  }

  void meet(SlaTarget target) {
    const auto timer = std::ranges::find(clock_.timers, target, &SlaTimer::target);
    if (timer == clock_.timers.end()) return;
    tell("met", target);
    clock_.timers.erase(timer);
  }

  void tell(std::string_view what, SlaTarget target) {
    told_.push_back(std::string(what).append(" ").append(name(target)));
  }

  SlaClock& clock_;
  const Calendar& calendar_;
  std::vector<std::string>& told_;
};

[[nodiscard]] inline Rule decide(const StartSla& ask, WorkingSet& desk, Timestamp) {
  const SlaClock* const known = desk.sla(ask.conversation);
  if (desk.incomplete() || known) return Rule::none;
  SlaClock clock;
  clock.conversation = ask.conversation;
  clock.policy = ask.policy;
  clock.calendar = ask.calendar;
  desk.create(std::move(clock));
  return Rule::none;
}

/// With a reopening, in its commit: from then on somebody looks at the clock again.
inline void wind_sla(ConversationId conversation, WorkingSet& desk) {
  const SlaClock* const clock = desk.sla(conversation);
  if (clock && clock->over) desk.edit(*clock).over = false;
}

[[nodiscard]] inline Rule decide(const FoldSla& ask, WorkingSet& desk, Timestamp) {
  const SlaClock* const known = desk.sla(ask.conversation);
  if (desk.incomplete()) return Rule::none;
  if (!known) return Rule::exists;
  SlaClock clock = *known;
  std::vector<std::string> told;
  SlaStep step(clock, *ask.calendar, told);
  for (const Entry& entry : ask.entries) {
    if (entry.seq <= clock.seq) continue;
    if (entry.seq != clock.seq + 1) return Rule::version;  // the clock is behind what was read
    step.on_entry(entry);
  }
  step.judge(ask.as_of);
  if (clock == *known) return Rule::none;
  for (const std::string& body : told) {
    Entry entry = detail::system_entry(ask.conversation, kind::kSla, body);
    entry.log = Log::internal;
    desk.append(std::move(entry));
  }
  desk.edit(*known) = std::move(clock);
  return Rule::none;
}

}  // namespace kefu::inline v0::core
