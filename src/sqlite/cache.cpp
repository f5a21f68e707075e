#include "sqlite/cache.hpp"

#include <algorithm>
#include <kefu/record.hpp>
#include <utility>

#include "sqlite/marks.hpp"

namespace kefu::sqlite {

Cache::Cache(sqlite3* db)
    : session_by_id_(
          db,
          "SELECT key, participant, epoch, seen FROM session WHERE id = ? AND seen IS NOT NULL"),
      session_by_key_(db, "SELECT id FROM session WHERE key = ? AND seen IS NOT NULL"),
      conversation_by_id_(db,
                          "SELECT key, public_tail, internal_tail FROM conversation WHERE id = ?"),
      conversation_by_key_(db, "SELECT id FROM conversation WHERE key = ?"),
      mark_(db, "SELECT accepted, kept FROM mark WHERE session = ? AND conversation = ?"),
      version_(db, "SELECT version FROM record WHERE kind = ? AND id = ?") {}

Session* Cache::cached(SessionId id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

Session* Cache::session(SessionId id) {
  if (Session* const found = cached(id)) return found;
  Run run(session_by_id_);
  if (!run.bind(1, id).step()) return nullptr;
  Session session;
  session.id = id;
  session.key = run.integer(0);
  session.participant = run.bytes(1);
  session.ledger.epoch = run.number(2);
  session.seen = Timestamp{run.integer(3)};
  return &add(std::move(session));
}

Session* Cache::session_by_key(std::int64_t key) {
  SessionId id;
  {
    Run run(session_by_key_);
    if (!run.bind(1, key).step()) return nullptr;
    id = run.id<SessionId>(0);
  }
  return session(id);
}

Session& Cache::add(Session session) {
  const SessionId id = session.id;
  return sessions_.insert_or_assign(id, std::move(session)).first->second;
}

void Cache::remove(Session& session, const Unfolded& unfolded) {
  session.gone = true;
  auto node = sessions_.extract(session.id);
  if (node.mapped().last_row > unfolded.base()) gone_.push_back(std::move(node));
}

Conversation& Cache::conversation(ConversationId id) {
  const auto found = conversations_.find(id);
  if (found != conversations_.end()) return found->second;
  Conversation conversation;
  conversation.id = id;
  {
    Run run(conversation_by_id_);
    if (run.bind(1, id).step()) {
      conversation.key = run.integer(0);
      conversation.head.log = core::ConversationLog(run.number(1), run.number(2));
    }
  }
  conversation.head.version = stored_version(id);
  // Last, so that one that could not be read is not taken for an empty one.
  return conversations_.emplace(id, std::move(conversation)).first->second;
}

Conversation& Cache::conversation_by_key(std::int64_t key) {
  ConversationId id;
  {
    Run run(conversation_by_key_);
    if (!run.bind(1, key).step()) throw_corrupt("the log names a conversation that is not there");
    id = run.id<ConversationId>(0);
  }
  return conversation(id);
}

std::uint64_t Cache::stored_version(ConversationId id) {
  const std::string text = id.to_string();
  Run run(version_);
  run.bind(1, static_cast<std::int64_t>(RecordKind::conversation)).bind(2, text);
  return run.step() ? run.number(0) : 0;
}

void Cache::version_changed(ConversationId id, std::uint64_t version) {
  const auto found = conversations_.find(id);
  if (found != conversations_.end()) found->second.head.version = version;
}

void Cache::load_mark(Session& session, const Conversation& conversation) {
  if (session.ledger.find(conversation.id)) return;
  core::DedupMark mark;
  if (conversation.key) {
    Run run(mark_);
    if (run.bind(1, session.key).bind(2, conversation.key).step())
      mark = decode_mark(run.number(0), run.bytes(1));
  }
  session.ledger.mark(conversation.id) = std::move(mark);
  ++marks_;
}

void Cache::trim(const Unfolded& unfolded) {
  std::erase_if(gone_, [&](const auto& node) { return node.mapped().last_row <= unfolded.base(); });
  if (sessions_.size() + marks_ > sessions_bound_) {
    trim_sessions(unfolded);
    trim_ledgers(unfolded);
    // What is left is dirty and may be more than the bound: the next trimming waits until more has
    // come.
    sessions_bound_ = std::max(kSessions, sessions_.size() + marks_ + kSessions / 2);
  }
  if (conversations_.size() > conversations_bound_) {
    std::erase_if(conversations_,
                  [&](const auto& item) { return item.second.last_row <= unfolded.base(); });
    conversations_bound_ = std::max(kConversations, conversations_.size() + kConversations / 2);
  }
}

void Cache::trim_sessions(const Unfolded& unfolded) {
  std::erase_if(sessions_,
                [&](const auto& item) { return item.second.last_row <= unfolded.base(); });
}

void Cache::trim_ledgers(const Unfolded& unfolded) {
  std::vector<std::pair<const Session*, ConversationId>> dirty;
  dirty.reserve(unfolded.size());
  for (std::uint64_t position = unfolded.base() + 1; position <= unfolded.end(); ++position) {
    const Unfolded::Row& row = unfolded.at(position);
    if (row.session) dirty.emplace_back(row.session, row.conversation->id);
  }
  std::sort(dirty.begin(), dirty.end());
  marks_ = 0;
  for (auto& [id, session] : sessions_) {
    core::SessionLedger kept;
    kept.epoch = session.ledger.epoch;
    for (const auto& [conversation, mark] : session.ledger.entries()) {
      if (!std::binary_search(dirty.begin(), dirty.end(),
                              std::pair<const Session*, ConversationId>(&session, conversation)))
        continue;
      kept.mark(conversation) = mark;
      ++marks_;
    }
    session.ledger = std::move(kept);
  }
}

void Cache::clear() {
  sessions_.clear();
  conversations_.clear();
  gone_.clear();
  marks_ = 0;
}

}  // namespace kefu::sqlite
