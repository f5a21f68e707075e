// JudgedDraft: a draft under judgement, which keeps its own texts.
#pragma once

#include <kefu/append_batch.hpp>
#include <kefu/core/judgement.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace kefu::inline v0::core {

struct JudgedDraft {
  explicit JudgedDraft(const Draft& from) : draft(from) {
    texts_.reserve(from.from.size() + from.kind.size() + from.body.size() + from.tags.size() +
                   from.peer.size());
    draft.from = keep(from.from);
    draft.kind = keep(from.kind);
    draft.body = keep(from.body);
    draft.tags = keep(from.tags);
    draft.peer = keep(from.peer);
  }
  JudgedDraft(const JudgedDraft&) = delete;
  JudgedDraft& operator=(const JudgedDraft&) = delete;

  Draft draft;  ///< its texts live as long as this
  Judgement judgement;

  /// Goes on with what was judged of an equal draft, in the time that is left to that one.
  void take_over(JudgedDraft& other) {
    judgement = std::move(other.judgement);
    draft.received = other.draft.received;
  }

  /// Writes the judgement into the draft.
  void conclude(const Judgement::Bounds& bounds) { conclude(draft, judgement, bounds); }
  /// The same for another draft; it then views the judgement.
  static void conclude(Draft& draft, Judgement& judgement, const Judgement::Bounds& bounds) {
    judgement.keep(draft.tags, bounds);
    draft.judged = judgement.denied() ? Draft::Judged::denied : Draft::Judged::passed;
    draft.body = judgement.body(draft.body);
    draft.tags = judgement.tags();
    draft.reason = judgement.reason();
  }

 private:
  std::string_view keep(std::string_view text) {
    const std::size_t at = texts_.size();
    texts_.append(text);
    return {texts_.data() + at, text.size()};
  }

  std::string texts_;  // never longer than it was reserved, so that views stay
};

}  // namespace kefu::inline v0::core
