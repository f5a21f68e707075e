// Desk: the changes of conversations other than messages. Each is decided on the records as they
// are read, committed on their versions, and tried again when it lost a race.
#pragma once

#include <kefu/hub.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/result.hpp>
#include <kefu/store.hpp>
#include <memory>
#include <optional>
#include <string>

#include "mail.hpp"

namespace kefu::hub {

class Shard;

/// The indexes of conversation records.
namespace index {
inline constexpr std::string_view kOpenOf = "open_of";  ///< open ones, by participant
inline constexpr std::string_view kAllOf = "all_of";    ///< all, by participant, newest first
inline constexpr std::string_view kQueue = "queue";  ///< those that wait for an agent, oldest first

/// The prefix under which the conversations of a participant stand.
[[nodiscard]] std::string of(std::string_view participant);
}  // namespace index

class Desk {
 public:
  using Done = Completion<result<VersionedConversation>>;

  explicit Desk(Shard& shard) : shard_(shard) {}

  // Completions are called on the shard.

  /// Finds or creates (Hub::open).
  void open(Hub::OpenRequest request, Done done);
  /// The agent takes a queued conversation; errc::conflict when somebody else has.
  void accept(ConversationId id, Participant agent, Done done);
  void close(ConversationId id, Participant who, Done done);
  /// The record; errc::not_found when there is none or it is not the participant's.
  void look_up(ConversationId id, Participant who, Done done);

 private:
  struct Opening;

  void open(std::shared_ptr<Opening> opening);
  void found(std::shared_ptr<Opening> opening, std::string_view id);
  void create(std::shared_ptr<Opening> opening);
  void created(std::shared_ptr<Opening> opening, result<Committed> committed);
  void get(ConversationId id, Done done);
  // A lost race decides again, on the record as it is then.
  void accept(ConversationId id, Participant agent, Done done, int attempts);
  void close(ConversationId id, Participant who, Done done, int attempts);
  void change(VersionedConversation now, Entry entry, bool frees_slot, Done done);
  void enlist(const std::string& participant, const VersionedConversation& conversation);
  void publish(const VersionedConversation& conversation, std::vector<Entry> entries);

  Shard& shard_;
};

}  // namespace kefu::hub
