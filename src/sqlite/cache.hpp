// Cache: the sessions and conversations used lately. It loads what is asked for and lets clean ones
// go, so that memory follows what is live, not what is stored.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <kefu/model/id.hpp>
#include <memory>
#include <memory_resource>
#include <string>
#include <unordered_map>
#include <vector>

#include "sqlite/statement.hpp"
#include "sqlite/unfolded.hpp"

namespace kefu::inline v0::sqlite {

class Cache {
 public:
  /// Clean ones above these numbers are let go: sessions, of about 75 bytes; what they need to
  /// send, senders and marks counted together, about a kilobyte for one with a full window; and
  /// conversations. What was sent since the last checkpoint is not clean, so the last two bound
  /// nobody who talks.
  static constexpr std::size_t kSessions = 65'536;
  static constexpr std::size_t kSenders = 8'192;
  static constexpr std::size_t kConversations = 8'192;

  explicit Cache(sqlite3* db);

  /// Null when there is no such session.
  Session* session(SessionId id);
  /// Of any conversation; one that is not stored has an empty log.
  Conversation& conversation(ConversationId id);
  /// Fetches what is cached of a session and a conversation that are asked for soon.
  void warm(SessionId session, ConversationId conversation) const noexcept;
  /// With the session's epoch. It stays where it is while it is dirty.
  Sender& sender(Session& session);
  /// Sees to it that the head holds the version of the conversation's record.
  void load_version(Conversation& conversation);
  /// Sees to it that the ledger holds the mark.
  void load_mark(Sender& sender, const Conversation& conversation);
  /// Whose session it is.
  std::string participant(const Session& session);

  /// For the fold. Null when the session is gone.
  Sender* sender_by_key(std::int64_t key);
  Conversation& conversation_by_key(std::int64_t key);

  /// A session that was stored just now.
  Session& add(SessionId id, Session session);
  void remove(SessionId id, const Unfolded& unfolded);
  /// The session, if it is cached.
  Session* cached(SessionId id);

  /// A conversation's record has another version now.
  void version_changed(ConversationId id, std::uint64_t version);

  /// Lets go what is clean and too much. No reference into the cache outlives this, but for those
  /// of `unfolded`.
  void trim(const Unfolded& unfolded);
  /// Nobody has asked for anything for a while: lets go all that is clean, but for the sessions,
  /// whose leases go on.
  void rest(const Unfolded& unfolded);
  /// What rest() looks at.
  [[nodiscard]] std::size_t used() const noexcept { return senders_ + conversations_.size(); }
  void clear();

 private:
  void let_go_senders(const Unfolded& unfolded);
  void let_go_marks(const Unfolded& unfolded);
  void let_go_conversations(const Unfolded& unfolded);

  Statement session_by_id_, session_by_key_, participant_, conversation_by_id_,
      conversation_by_key_, mark_, version_;
  std::unordered_map<SessionId, Session> sessions_;
  // Of their own, so that it can be given back when they go: between sessions, which stay, they
  // would leave holes.
  std::pmr::unsynchronized_pool_resource conversation_memory_;
  std::pmr::unordered_map<ConversationId, Conversation> conversations_{&conversation_memory_};
  std::vector<std::unique_ptr<Sender>> gone_;  ///< of removed sessions, and dirty
  std::size_t senders_ = 0;
  std::size_t marks_ = 0;  ///< loaded since the last trimming, and kept then
  std::size_t sessions_bound_ = kSessions;
  std::size_t senders_bound_ = kSenders;
  std::size_t conversations_bound_ = kConversations;
};

}  // namespace kefu::inline v0::sqlite
