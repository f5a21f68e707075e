// Ledger: what a Store knows of a session, and the one rule by which it judges a draft (promises 2,
// 3 and 6). A Store loads the ledgers and heads that a batch touches, steps judge() for each draft
// inside its transaction, and writes what changed; when the transaction fails it throws the loaded
// state away.
#pragma once

#include <algorithm>
#include <cstdint>
#include <kefu/append_batch.hpp>
#include <kefu/core/conversation_log.hpp>
#include <kefu/core/dedup_mark.hpp>
#include <kefu/model/id.hpp>
#include <utility>
#include <vector>

namespace kefu::inline v0::core {

/// A session as the Store sees it: its epoch, and a mark for each conversation it has sent in.
class SessionLedger {
 public:
  /// A conversation's mark.
  struct Entry {
    ConversationId conversation;
    DedupMark mark;
  };

  std::uint64_t epoch = 0;

  /// The mark for a conversation; one that has accepted nothing is made when there is none.
  DedupMark& mark(ConversationId conversation) {
    auto at = std::ranges::lower_bound(entries_, conversation, {}, &Entry::conversation);
    if (at == entries_.end() || at->conversation != conversation)
      at = entries_.insert(at, {conversation, {}});
    return at->mark;
  }
  /// Null: nothing was sent there.
  [[nodiscard]] const DedupMark* find(ConversationId conversation) const {
    const auto at = std::ranges::lower_bound(entries_, conversation, {}, &Entry::conversation);
    return at == entries_.end() || at->conversation != conversation ? nullptr : &at->mark;
  }
  /// The marks, by conversation.
  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }

 private:
  std::vector<Entry> entries_;  // sorted: a visitor has one, an agent dozens
};

/// A conversation as the Store sees it.
struct ConversationHead {
  ConversationLog log;
  std::uint64_t version = 0;  ///< of its record; 0: there is none
};

/// Judges one draft and, unless it fails, takes it into the ledger and the heads. `session` is null
/// when there is no such session. True when something is to be written: an entry (code ok) or a
/// refusal.
inline bool judge(const Draft& draft, SessionLedger* session, ConversationHead& head,
                  std::uint32_t window, Timestamp now, Outcome& outcome) {
  outcome = Outcome{};
  if (!session) return outcome.code = errc::session_expired, false;
  if (session->epoch != draft.epoch) {
    outcome.code = errc::fenced;
    outcome.expected = session->epoch;
    return false;
  }
  DedupMark& mark = session->mark(draft.conversation);
  switch (mark.judge(draft.cseq, draft.digest, window)) {
    case DedupMark::Verdict::fresh:
      break;
    case DedupMark::Verdict::repeated: {
      const DedupMark::Sent& sent = *mark.find(draft.cseq, window);
      outcome.code = sent.code();
      outcome.repeated = true;
      outcome.seq = sent.seq;
      if (sent.seq) outcome.at = sent.at;
      return false;
    }
    case DedupMark::Verdict::conflict:
      return outcome.code = errc::conflict, false;
    case DedupMark::Verdict::duplicate:
      return outcome.code = errc::duplicate, false;
    case DedupMark::Verdict::gap:
      outcome.code = errc::gap;
      outcome.expected = mark.accepted() + 1;
      return false;
  }
  if (draft.refusal != errc::ok) {
    outcome.code = draft.refusal;
    mark.record(DedupMark::Sent::refused(draft.digest, draft.refusal), window);
    return true;
  }
  if (head.version != draft.version) {
    outcome.code = errc::stale;
    outcome.expected = head.version;
    return false;
  }
  const ConversationLog::Place place = head.log.append(draft.log);
  outcome.code = errc::ok;
  outcome.seq = place.seq;
  outcome.after = place.after;
  outcome.at = now;
  mark.record(DedupMark::Sent::entry(draft.digest, place.seq, now), window);
  return true;
}

}  // namespace kefu::inline v0::core
