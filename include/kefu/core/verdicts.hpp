// Verdicts: the drafts that wait for policies (promise 11). Verdicts may come in any order, late,
// twice or never: each draft is decided by its deadline, after which what its policies declared
// stands. Decided drafts are released in the order of cseq of their (session, conversation), and
// none waits for one of another.
//
// Calls are events; each appends effects. An `Ask` is answered with on_verdict(), sooner or later,
// and once more with on_asked() when the call of the policy is over.
//
// Memory: at most `window` drafts of a (session, conversation).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <kefu/append_batch.hpp>
#include <kefu/core/judged_draft.hpp>
#include <kefu/core/judgement.hpp>
#include <kefu/error.hpp>
#include <kefu/model/time.hpp>
#include <kefu/model/verdict.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace kefu::inline v0::core {

namespace verdict_effect {

/// Ask the policy `step` about the draft `number`.
struct Ask {
  std::uint64_t number = 0;
  std::size_t step = 0;
};
/// It is decided, and next of its (session, conversation): store it.
struct Release {
  std::unique_ptr<JudgedDraft> draft;
};
/// It will not be stored; its submitter hears `code`. fenced: a newer connection of the session
/// has sent it too, or other content under its number. conflict: the same by this connection.
/// overloaded: too many wait.
struct Drop {
  std::unique_ptr<JudgedDraft> draft;
  errc code = errc::ok;
};

}  // namespace verdict_effect

/// What to do, in this order.
using VerdictEffects =
    std::vector<std::variant<verdict_effect::Ask, verdict_effect::Release, verdict_effect::Drop>>;

class Verdicts {
 public:
  /// `rules`: what each policy declared, in the order of the chain. `window` as in limits.
  Verdicts(std::vector<OnTimeout> rules, Judgement::Bounds bounds, Nanoseconds deadline,
           std::uint32_t window)
      : rules_(std::move(rules)), bounds_(bounds), deadline_(deadline), window_(window) {}

  /// Drafts of this (session, conversation) wait: another one must wait behind them.
  [[nodiscard]] bool holds(const Draft& draft) const { return lines_.contains(key_of(draft)); }
  [[nodiscard]] std::size_t size() const noexcept { return cases_.size(); }
  /// When what policies declared stands.
  [[nodiscard]] Instant deadline_of(const Draft& draft) const { return draft.received + deadline_; }

  /// The draft, while it waits; else null.
  [[nodiscard]] const JudgedDraft* find(std::uint64_t number) const {
    const auto at = cases_.find(number);
    return at == cases_.end() ? nullptr : at->second->draft.get();
  }

  /// When on_tick() is due.
  [[nodiscard]] std::optional<Instant> deadline() const {
    if (deadlines_.empty()) return std::nullopt;
    return deadlines_.begin()->first;
  }

  // ---- events

  /// A draft that was asked about already: policy `step` has not answered yet, and those before it
  /// said `so_far`. Precondition: !holds(draft); `number` was never used.
  void wait(std::uint64_t number, const Draft& draft, Judgement so_far, std::size_t step) {
    auto made = std::make_unique<JudgedDraft>(draft);
    made->judgement = std::move(so_far);
    enter(number, std::move(made), step);
  }

  /// A draft behind others. It joins when it is a retry of one of them: then its submitter gets the
  /// answer, and the other one is dropped. Not `ask`: nobody is asked about it.
  void add(std::uint64_t number, const Draft& draft, bool ask, VerdictEffects& out) {
    auto fresh = std::make_unique<JudgedDraft>(draft);
    Line& line = lines_[key_of(draft)];
    if (const auto at = line.find(draft.cseq); at != line.end()) {
      JudgedDraft& held = *at->second.draft;
      if (draft.epoch < held.draft.epoch) return drop(std::move(fresh), errc::fenced, out);
      if (draft.digest == held.draft.digest) {
        fresh->take_over(held);
        fresh.swap(at->second.draft);
        return drop(std::move(fresh), errc::fenced, out);
      }
      if (draft.epoch == held.draft.epoch) return drop(std::move(fresh), errc::conflict, out);
      drop(leave(line, at), errc::fenced, out);
    }
    if (line.size() >= window_ && !make_room(line, draft.epoch, out))
      return drop(std::move(fresh), errc::overloaded, out);
    enter(number, std::move(fresh), ask ? 0 : rules_.size());
    advance(*cases_.at(number), out);
  }

  /// A policy's answer; one that comes too late, or again, means nothing.
  void on_verdict(std::uint64_t number, std::size_t step, Verdict verdict, VerdictEffects& out) {
    Case* const found = waiting_for(number, step);
    if (!found) return;
    found->draft->judgement.apply(std::move(verdict), bounds_);
    ++found->step;
    advance(*found, out);
  }

  /// The policy has been asked. Behind the deadline there is nothing to wait for.
  void on_asked(std::uint64_t number, std::size_t step, Instant now, VerdictEffects& out) {
    Case* const found = waiting_for(number, step);
    if (found && now >= deadline_of(found->draft->draft)) time_out(*found, out);
  }

  /// deadline() has come.
  void on_tick(Instant now, VerdictEffects& out) {
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      const std::uint64_t number = deadlines_.begin()->second;
      deadlines_.erase(deadlines_.begin());
      time_out(*cases_.at(number), out);
    }
  }

 private:
  using Key = std::pair<SessionId, ConversationId>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<SessionId>()(key.first) * 31 + std::hash<ConversationId>()(key.second);
    }
  };
  struct Case {
    std::uint64_t number = 0;
    std::unique_ptr<JudgedDraft> draft;
    std::size_t step = 0;  // the policy whose verdict is next
    bool decided = false;
  };
  using Line = std::map<std::uint64_t, Case>;  // by cseq

  static Key key_of(const Draft& draft) { return {draft.session, draft.conversation}; }

  Case* waiting_for(std::uint64_t number, std::size_t step) {
    const auto at = cases_.find(number);
    return at == cases_.end() || at->second->decided || at->second->step != step ? nullptr
                                                                                 : at->second;
  }

  void enter(std::uint64_t number, std::unique_ptr<JudgedDraft> draft, std::size_t step) {
    const Draft& what = draft->draft;
    deadlines_.emplace(deadline_of(what), number);
    Case& made = lines_[key_of(what)][what.cseq];
    made = {number, std::move(draft), step, false};
    cases_[number] = &made;
  }

  // Takes one out of its line, which stays.
  std::unique_ptr<JudgedDraft> leave(Line& line, Line::iterator at) {
    std::unique_ptr<JudgedDraft> draft = std::move(at->second.draft);
    deadlines_.erase({deadline_of(draft->draft), at->second.number});
    cases_.erase(at->second.number);
    line.erase(at);
    return draft;
  }

  /// Those of older connections can't be stored any more: the last of them goes.
  bool make_room(Line& line, std::uint64_t epoch, VerdictEffects& out) {
    for (auto at = line.end(); at != line.begin();) {
      if ((--at)->second.draft->draft.epoch >= epoch) continue;
      drop(leave(line, at), errc::fenced, out);
      return true;
    }
    return false;
  }

  void time_out(Case& one, VerdictEffects& out) {
    one.draft->judgement.time_out(rules_[one.step], bounds_);
    ++one.step;
    advance(one, out);
  }

  void advance(Case& one, VerdictEffects& out) {
    if (one.draft->judgement.denied() || one.step == rules_.size()) {
      one.decided = true;
      deadlines_.erase({deadline_of(one.draft->draft), one.number});
      return release(key_of(one.draft->draft), out);
    }
    out.push_back(verdict_effect::Ask{one.number, one.step});
  }

  void release(const Key& key, VerdictEffects& out) {
    const auto at = lines_.find(key);
    Line& line = at->second;
    while (!line.empty() && line.begin()->second.decided) {
      std::unique_ptr<JudgedDraft> draft = leave(line, line.begin());
      draft->conclude();
      out.push_back(verdict_effect::Release{std::move(draft)});
    }
    if (line.empty()) lines_.erase(at);
  }

  static void drop(std::unique_ptr<JudgedDraft> draft, errc code, VerdictEffects& out) {
    out.push_back(verdict_effect::Drop{std::move(draft), code});
  }

  const std::vector<OnTimeout> rules_;
  const Judgement::Bounds bounds_;
  const Nanoseconds deadline_;
  const std::size_t window_;
  std::unordered_map<Key, Line, KeyHash> lines_;
  std::unordered_map<std::uint64_t, Case*> cases_;  // by number, into lines_
  std::set<std::pair<Instant, std::uint64_t>> deadlines_;
};

}  // namespace kefu::inline v0::core
