// Ticket: a durable piece of work with states of its own. Its comments and changes are a log, under
// the ticket's id; this is its record.
#pragma once

#include <kefu/model/conversation.hpp>
#include <kefu/model/id.hpp>
#include <kefu/model/state.hpp>
#include <kefu/model/time.hpp>
#include <optional>
#include <string>
#include <vector>

namespace kefu::inline v0 {

/// Names a comment; made by whoever writes it.
using CommentId = Id<struct CommentTag>;

struct Ticket {
  TicketId id;
  TicketState state = TicketState::new_ticket;
  std::string subject;
  std::string requester;   ///< a participant's id; may be empty
  std::string department;  ///< may be empty
  std::string assignee;    ///< an agent's id; may be empty
  Priority priority = Priority::normal;
  std::vector<std::string> tags;  ///< sorted, each once
  Attributes fields;
  std::vector<ConversationId> conversations;  ///< that it is about, each once
  std::optional<Timestamp> pending_until;     ///< pending: it opens by itself then
  std::optional<TicketId> merged_into;        ///< exactly while `merged`
  std::vector<CommentId> comments;            ///< the last kComments, so that a retry is known
  std::optional<Timestamp> expires_at;        ///< closed, merged: as in Conversation
  std::optional<Timestamp> expired_at;        ///< the same
  Timestamp created_at;
  Timestamp updated_at;

  static constexpr std::size_t kComments = 32;
  static constexpr std::size_t kConversations = 256;  ///< that one may be about

  friend bool operator==(const Ticket&, const Ticket&) = default;
};

/// The log of a ticket. Ids are unique among tickets and conversations together.
[[nodiscard]] constexpr ConversationId log_of(TicketId ticket) noexcept {
  return {ticket.hi, ticket.lo};
}

}  // namespace kefu::inline v0
