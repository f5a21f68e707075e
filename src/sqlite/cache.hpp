// Cache: the sessions and conversations used lately. It loads what is asked for and lets clean ones
// go, so that memory follows what is live, not what is stored.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <kefu/model/id.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "sqlite/statement.hpp"
#include "sqlite/unfolded.hpp"

namespace kefu::sqlite {

class Cache {
 public:
  /// Clean ones above this number are let go: sessions and marks counted together, and
  /// conversations. A session with its mark of one conversation and a full window takes about a
  /// kilobyte.
  static constexpr std::size_t kSessions = 65'536;
  static constexpr std::size_t kConversations = 32'768;

  explicit Cache(sqlite3* db);

  /// Null when there is no such session.
  Session* session(SessionId id);
  /// Of any conversation; one that is not stored has an empty log.
  Conversation& conversation(ConversationId id);
  /// Sees to it that the ledger holds the mark.
  void load_mark(Session& session, const Conversation& conversation);

  /// For the fold. The session is null when it is gone.
  Session* session_by_key(std::int64_t key);
  Conversation& conversation_by_key(std::int64_t key);

  /// A session that was stored just now.
  Session& add(Session session);
  void remove(Session& session, const Unfolded& unfolded);
  /// The session, if it is cached.
  Session* cached(SessionId id);

  /// A conversation's record has another version now.
  void version_changed(ConversationId id, std::uint64_t version);

  /// Lets go what is clean and too much. No reference into the cache outlives this, but for those
  /// of `unfolded`.
  void trim(const Unfolded& unfolded);
  void clear();

  [[nodiscard]] std::size_t sessions() const noexcept { return sessions_.size(); }
  [[nodiscard]] std::size_t conversations() const noexcept { return conversations_.size(); }

 private:
  std::uint64_t stored_version(ConversationId id);
  void trim_sessions(const Unfolded& unfolded);
  void trim_ledgers(const Unfolded& unfolded);

  Statement session_by_id_, session_by_key_, conversation_by_id_, conversation_by_key_, mark_,
      version_;
  std::unordered_map<SessionId, Session> sessions_;
  std::unordered_map<ConversationId, Conversation> conversations_;
  std::vector<std::unordered_map<SessionId, Session>::node_type>
      gone_;               ///< removed ones that are dirty
  std::size_t marks_ = 0;  ///< loaded since the last trimming, and kept then
  std::size_t sessions_bound_ = kSessions;
  std::size_t conversations_bound_ = kConversations;
};

}  // namespace kefu::sqlite
