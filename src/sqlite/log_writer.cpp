#include "sqlite/log_writer.hpp"

#include <kefu/core/ledger.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "sqlite/log_row.hpp"

namespace kefu::inline v0::sqlite {
namespace {

constexpr std::size_t kAhead = 4;         // drafts whose sessions are fetched before their turn
constexpr std::size_t kRowsAtOnce = 256;  // more take more memory, and save nothing

std::optional<std::string_view> unless_empty(std::string_view text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

LogWriter::LogWriter(sqlite3* db, Cache& cache, Unfolded& unfolded, std::uint32_t window)
    : db_(db),
      cache_(cache),
      unfolded_(unfolded),
      window_(window),
      rows_(db),
      insert_(db,
              "INSERT INTO log(conversation, flags, seq, after, session, cseq, digest, at, "
              "sender, kind, body, tags) SELECT * FROM new_rows"),
      add_conversation_(db, "INSERT INTO conversation(id) VALUES(?)"),
      find_origin_(db, "SELECT key FROM session WHERE id = ? AND seen IS NULL"),
      add_origin_(db, "INSERT INTO session(id) VALUES(?)") {}

void LogWriter::append(AppendBatch& batch, Timestamp now) {
  rows_.clear();  // of an insertion that failed
  batch.outcomes().resize(batch.size());
  const std::vector<Draft>& drafts = batch.drafts();
  Session* session = nullptr;
  Sender* sender = nullptr;
  Conversation* conversation = nullptr;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    if (i + kAhead < drafts.size()) {
      const Draft& next = drafts[i + kAhead];
      if (next.session != drafts[i + kAhead - 1].session)
        cache_.warm(next.session, next.conversation);
    }
    const Draft& draft = drafts[i];
    Outcome& outcome = batch.outcomes()[i];
    // What one session sends to one conversation stands together, and is looked up once.
    const bool goes_on = i != 0 && draft.session == drafts[i - 1].session &&
                         draft.conversation == drafts[i - 1].conversation;
    if (!goes_on) session = cache_.session(draft.session);
    if (!session) {
      outcome = Outcome{};
      outcome.code = errc::session_expired;
      continue;
    }
    if (!goes_on) {
      conversation = &cache_.conversation(draft.conversation);
      cache_.load_version(*conversation);
      sender = &cache_.sender(*session);
      cache_.load_mark(*sender, *conversation);
    }
    if (core::judge(draft, &sender->ledger, conversation->head, window_, now, outcome)) {
      add(draft, *sender, *conversation, outcome, now);
      if (rows_.size() == kRowsAtOnce) insert();
    }
  }
  insert();
}

void LogWriter::add(const Draft& draft, Sender& sender, Conversation& conversation,
                    const Outcome& outcome, Timestamp now) {
  NewRow row;
  row.conversation = key_of(conversation);
  row.flags = make_flags(draft.log, draft.role, draft.refusal);
  row.seq = outcome.seq;
  row.after = outcome.after;
  row.session = sender.key;
  row.cseq = draft.cseq;
  row.digest = draft.digest;
  row.at = now.ns;
  if (draft.refusal == errc::ok) {
    if (draft.from != sender.participant) row.sender = draft.from;
    row.kind = draft.kind;
    row.body = draft.body;
    row.tags = unless_empty(draft.tags);
  }
  rows_.add(row);
  unfolded_.add(conversation, &sender, draft.log, outcome.seq);
}

void LogWriter::append(Entry& entry, Timestamp now) {
  rows_.clear();
  Conversation& conversation = cache_.conversation(entry.conversation);
  const core::ConversationLog::Place place = conversation.head.log.append(entry.log);
  entry.seq = place.seq;
  entry.after = place.after;
  entry.at = now;
  NewRow row;
  row.conversation = key_of(conversation);
  row.flags = make_flags(entry.log, entry.role, errc::ok);
  row.seq = place.seq;
  row.after = place.after;
  if (!entry.origin.session.is_nil()) row.session = key_of_origin(entry.origin.session);
  row.cseq = entry.origin.cseq;
  row.at = now.ns;
  row.sender = entry.from;
  row.kind = entry.kind;
  row.body = entry.body;
  row.tags = unless_empty(entry.tags);
  rows_.add(row);
  unfolded_.add(conversation, nullptr, entry.log, place.seq);
  insert();
}

void LogWriter::insert() {
  if (rows_.empty()) return;
  // The position is left to sqlite3, which then need not look whether it is taken: it is the last
  // row's plus one, as the log has no holes.
  Run(insert_).step();
  if (static_cast<std::uint64_t>(sqlite3_last_insert_rowid(db_)) != unfolded_.end())
    throw_corrupt("the log has a hole");
  rows_.clear();
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
