#include <unordered_map>

#include "sqlite/checkpoint.hpp"
#include "sqlite/log_row.hpp"

namespace kefu::inline v0::sqlite {
namespace {

/// Takes a row's number in; what a fold written early already holds is skipped. False for a number
/// that comes too soon.
bool fold_entry(Conversation& conversation, Log log, std::uint64_t seq) {
  const std::uint64_t tail = conversation.head.log.tail(log);
  if (seq == tail + 1) conversation.head.log.append(log);
  return seq >= 1 && seq <= tail + 1;
}

bool fold_send(core::DedupMark& mark, std::uint64_t cseq, core::DedupMark::Sent sent,
               std::uint32_t window) {
  const std::uint64_t accepted = mark.accepted();
  if (cseq == accepted + 1) mark.record(sent, window);
  return cseq >= 1 && cseq <= accepted + 1;
}

}  // namespace

void fold(sqlite3* db, std::uint64_t checkpoint, std::uint32_t window, Cache& cache,
          Unfolded& unfolded) {
  unfolded.reset(checkpoint);
  std::unordered_map<std::int64_t, Conversation*> conversations;
  std::unordered_map<std::int64_t, Sender*> senders;
  Statement rows(db,
                 "SELECT position, conversation, flags, seq, session, cseq, digest, at FROM log "
                 "WHERE position > ? "
                 "ORDER BY position");
  Run row(rows);
  row.bind(1, checkpoint);
  while (row.step()) {
    if (row.number(0) != unfolded.end() + 1) throw_corrupt("the log has a hole");
    Conversation*& conversation = conversations[row.integer(1)];
    if (!conversation) conversation = &cache.conversation_by_key(row.integer(1));
    const std::int64_t flags = row.integer(2);
    const std::uint64_t seq = row.number(3);
    const errc refusal = refusal_of(flags);
    bool sound = refusal != errc::ok || fold_entry(*conversation, log_of(flags), seq);
    Sender* sender = nullptr;
    // An entry of a commit may name the session it stands for, but it is no send of it: it has no
    // digest.
    if (!row.is_null(6)) {
      const auto [at, created] = senders.try_emplace(row.integer(4));
      if (created) at->second = cache.sender_by_key(row.integer(4));
      sender = at->second;
    }
    if (sender) {
      cache.load_mark(*sender, *conversation);
      const auto sent =
          refusal == errc::ok
              ? core::DedupMark::Sent::entry(row.number(6), seq, Timestamp{row.integer(7)})
              : core::DedupMark::Sent::refused(row.number(6), refusal);
      sound =
          sound && fold_send(sender->ledger.mark(conversation->id), row.number(5), sent, window);
    }
    if (!sound) throw_corrupt("the log's numbers do not follow each other");
    unfolded.add(*conversation, sender, log_of(flags), refusal == errc::ok ? seq : 0);
  }
}

}  // namespace kefu::inline v0::sqlite
