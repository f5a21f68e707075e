#include "sqlite/cache.hpp"

#include <algorithm>
#include <kefu/record.hpp>
#include <utility>

#include "prefetch.hpp"
#include "sqlite/marks.hpp"

namespace kefu::inline v0::sqlite {

Cache::Cache(sqlite3* db)
    : session_by_id_(db, "SELECT key, epoch, seen FROM session WHERE id = ? AND seen IS NOT NULL"),
      session_by_key_(db, "SELECT id FROM session WHERE key = ? AND seen IS NOT NULL"),
      participant_(db, "SELECT participant FROM session WHERE key = ?"),
      conversation_by_id_(db,
                          "SELECT key, public_tail, internal_tail FROM conversation WHERE id = ?"),
      conversation_by_key_(db, "SELECT id FROM conversation WHERE key = ?"),
      mark_(db, "SELECT accepted, kept FROM mark WHERE session = ? AND conversation = ?"),
      version_(db, "SELECT version FROM record WHERE kind = ? AND id = ?") {}

Session* Cache::cached(SessionId id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

void Cache::warm(SessionId session, ConversationId conversation) const noexcept {
  if (const auto found = sessions_.find(session); found != sessions_.end())
    prefetch(found->second.sender.get(), sizeof(Sender));
  if (const auto found = conversations_.find(conversation); found != conversations_.end())
    prefetch(&found->second, sizeof(Conversation));
}

Session* Cache::session(SessionId id) {
  if (Session* const found = cached(id)) return found;
  Run run(session_by_id_);
  if (!run.bind(1, id).step()) return nullptr;
  Session session;
  session.key = run.integer(0);
  session.epoch = run.number(1);
  session.seen = Timestamp{run.integer(2)};
  return &add(id, std::move(session));
}

Sender& Cache::sender(Session& session) {
  if (!session.sender) {
    auto sender = std::make_unique<Sender>();
    sender->key = session.key;
    sender->participant = participant(session);
    session.sender = std::move(sender);
    ++senders_;
  }
  session.sender->ledger.epoch = session.epoch;
  return *session.sender;
}

std::string Cache::participant(const Session& session) {
  if (session.sender) return session.sender->participant;
  Run run(participant_);
  if (!run.bind(1, session.key).step()) throw_corrupt("a session is missing");
  return std::string(run.bytes(0));
}

Sender* Cache::sender_by_key(std::int64_t key) {
  SessionId id;
  {
    Run run(session_by_key_);
    if (!run.bind(1, key).step()) return nullptr;
    id = run.id<SessionId>(0);
  }
  Session* const found = session(id);
  return found ? &sender(*found) : nullptr;
}

Session& Cache::add(SessionId id, Session session) {
  return sessions_.insert_or_assign(id, std::move(session)).first->second;
}

void Cache::remove(SessionId id, const Unfolded& unfolded) {
  const auto at = sessions_.find(id);
  if (at == sessions_.end()) return;
  if (std::unique_ptr<Sender>& sender = at->second.sender) {
    sender->gone = true;
    if (sender->last_row > unfolded.base()) gone_.push_back(std::move(sender));
    --senders_;
  }
  sessions_.erase(at);
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

void Cache::load_version(Conversation& conversation) {
  if (conversation.has_version) return;
  const std::string text = conversation.id.to_string();
  Run run(version_);
  run.bind(1, static_cast<std::int64_t>(RecordKind::conversation)).bind(2, text);
  conversation.head.version = run.step() ? run.number(0) : 0;
  conversation.has_version = true;
}

void Cache::version_changed(ConversationId id, std::uint64_t version) {
  const auto found = conversations_.find(id);
  if (found == conversations_.end()) return;
  found->second.head.version = version;
  found->second.has_version = true;
}

void Cache::load_mark(Sender& sender, const Conversation& conversation) {
  if (sender.ledger.find(conversation.id)) return;
  core::DedupMark mark;
  if (conversation.key) {
    Run run(mark_);
    if (run.bind(1, sender.key).bind(2, conversation.key).step())
      mark = decode_mark(run.number(0), run.bytes(1));
  }
  sender.ledger.mark(conversation.id) = std::move(mark);
  ++marks_;
}

// What is left after letting go is dirty and may be more than the bound: the next time waits until
// half as much has come.

void Cache::trim(const Unfolded& unfolded) {
  std::erase_if(gone_, [&](const auto& sender) { return sender->last_row <= unfolded.base(); });
  if (senders_ + marks_ > senders_bound_) let_go_senders(unfolded);
  if (sessions_.size() > sessions_bound_) {
    let_go_senders(unfolded);
    std::erase_if(sessions_, [](const auto& item) { return !item.second.sender; });
    sessions_bound_ = std::max(kSessions, sessions_.size() + kSessions / 2);
  }
  if (conversations_.size() > conversations_bound_) let_go_conversations(unfolded);
}

void Cache::rest(const Unfolded& unfolded) {
  let_go_senders(unfolded);
  let_go_conversations(unfolded);
  if (!conversations_.empty()) return;
  conversations_ = std::pmr::unordered_map<ConversationId, Conversation>(&conversation_memory_);
  conversation_memory_.release();
}

void Cache::let_go_senders(const Unfolded& unfolded) {
  senders_ = 0;
  for (auto& [id, session] : sessions_) {
    if (!session.sender) continue;
    if (session.sender->last_row <= unfolded.base()) {
      session.sender.reset();
    } else {
      ++senders_;
    }
  }
  let_go_marks(unfolded);
  senders_bound_ = std::max(kSenders, (senders_ + marks_) / 2 * 3);
}

void Cache::let_go_marks(const Unfolded& unfolded) {
  std::vector<std::pair<const Sender*, ConversationId>> dirty;
  dirty.reserve(unfolded.size());
  for (std::uint64_t position = unfolded.base() + 1; position <= unfolded.end(); ++position) {
    const Unfolded::Row& row = unfolded.at(position);
    if (row.sender) dirty.emplace_back(row.sender, row.conversation->id);
  }
  std::sort(dirty.begin(), dirty.end());
  marks_ = 0;
  for (auto& [id, session] : sessions_) {
    if (!session.sender) continue;
    Sender& sender = *session.sender;
    core::SessionLedger kept;
    for (const auto& [conversation, mark] : sender.ledger.entries()) {
      if (!std::binary_search(dirty.begin(), dirty.end(),
                              std::pair<const Sender*, ConversationId>(&sender, conversation)))
        continue;
      kept.mark(conversation) = mark;
      ++marks_;
    }
    sender.ledger = std::move(kept);
  }
}

void Cache::let_go_conversations(const Unfolded& unfolded) {
  std::erase_if(conversations_,
                [&](const auto& item) { return item.second.last_row <= unfolded.base(); });
  conversations_bound_ = std::max(kConversations, conversations_.size() / 2 * 3);
}

void Cache::clear() {
  sessions_.clear();
  conversations_.clear();
  gone_.clear();
  senders_ = 0;
  marks_ = 0;
}

}  // namespace kefu::inline v0::sqlite
