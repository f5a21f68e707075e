#include "sqlite/log_writer.hpp"

#include <kefu/core/ledger.hpp>

#include "sqlite/log_row.hpp"

namespace kefu::inline v0::sqlite {
namespace {

// The parameters of an insertion, in the order of the columns.
enum Column {
  kPosition = 1,
  kConversation,
  kFlags,
  kSeq,
  kAfter,
  kSession,
  kCseq,
  kDigest,
  kAt,
  kSender,
  kKind,
  kBody,
  kTags
};

void bind_tags(Run& row, std::string_view tags) {
  if (tags.empty()) {
    row.bind_null(kTags);
  } else {
    row.bind(kTags, tags);
  }
}

}  // namespace

LogWriter::LogWriter(sqlite3* db, Cache& cache, Unfolded& unfolded, std::uint32_t window)
    : db_(db),
      cache_(cache),
      unfolded_(unfolded),
      window_(window),
      insert_(db, "INSERT INTO log VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      add_conversation_(db, "INSERT INTO conversation(id) VALUES(?)"),
      find_origin_(db, "SELECT key FROM session WHERE id = ? AND seen IS NULL"),
      add_origin_(db, "INSERT INTO session(id) VALUES(?)") {}

void LogWriter::append(AppendBatch& batch, Timestamp now) {
  batch.outcomes().resize(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Draft& draft = batch.drafts()[i];
    Outcome& outcome = batch.outcomes()[i];
    Session* const session = cache_.session(draft.session);
    if (!session) {
      outcome = Outcome{};
      outcome.code = errc::session_expired;
      continue;
    }
    Conversation& conversation = cache_.conversation(draft.conversation);
    cache_.load_version(conversation);
    Sender& sender = cache_.sender(*session);
    cache_.load_mark(sender, conversation);
    if (core::judge(draft, &sender.ledger, conversation.head, window_, now, outcome)) {
      write(draft, sender, conversation, outcome, now);
    }
  }
}

void LogWriter::write(const Draft& draft, Sender& sender, Conversation& conversation,
                      const Outcome& outcome, Timestamp now) {
  Run row(insert_);
  row.bind(kPosition, unfolded_.end() + 1).bind(kConversation, key_of(conversation));
  row.bind(kFlags, make_flags(draft.log, draft.role, draft.refusal));
  row.bind(kSeq, outcome.seq).bind(kAfter, outcome.after);
  row.bind(kSession, sender.key)
      .bind(kCseq, draft.cseq)
      .bind(kDigest, draft.digest)
      .bind(kAt, now.ns);
  if (draft.refusal != errc::ok) {
    row.bind_null(kSender).bind_null(kKind).bind_null(kBody).bind_null(kTags);
  } else {
    if (draft.from == sender.participant) {
      row.bind_null(kSender);
    } else {
      row.bind(kSender, draft.from);
    }
    row.bind(kKind, draft.kind).bind(kBody, draft.body);
    bind_tags(row, draft.tags);
  }
  row.step();
  unfolded_.add(conversation, &sender, draft.log, outcome.seq);
}

void LogWriter::append(Entry& entry, Timestamp now) {
  Conversation& conversation = cache_.conversation(entry.conversation);
  const core::ConversationLog::Place place = conversation.head.log.append(entry.log);
  entry.seq = place.seq;
  entry.after = place.after;
  entry.at = now;
  Run row(insert_);
  row.bind(kPosition, unfolded_.end() + 1).bind(kConversation, key_of(conversation));
  row.bind(kFlags, make_flags(entry.log, entry.role, errc::ok))
      .bind(kSeq, place.seq)
      .bind(kAfter, place.after);
  if (entry.origin.session.is_nil()) {
    row.bind_null(kSession);
  } else {
    row.bind(kSession, key_of_origin(entry.origin.session));
  }
  row.bind(kCseq, entry.origin.cseq).bind_null(kDigest).bind(kAt, now.ns);
  row.bind(kSender, entry.from).bind(kKind, entry.kind).bind(kBody, entry.body);
  bind_tags(row, entry.tags);
  row.step();
  unfolded_.add(conversation, nullptr, entry.log, place.seq);
}

std::int64_t LogWriter::key_of(Conversation& conversation) {
  if (conversation.key == 0) {
    Run(add_conversation_).bind(1, conversation.id).step();
    conversation.key = sqlite3_last_insert_rowid(db_);
  }
  return conversation.key;
}

std::int64_t LogWriter::key_of_origin(SessionId session) {
  {
    Run find(find_origin_);
    if (find.bind(1, session).step()) return find.integer(0);
  }
  Run(add_origin_).bind(1, session).step();
  return sqlite3_last_insert_rowid(db_);
}

}  // namespace kefu::inline v0::sqlite
