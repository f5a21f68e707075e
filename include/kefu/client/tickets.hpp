// Tickets: what a client asks about tickets. Each call is asked until it is answered, over as many
// connections as that takes (Client::ask); all are safe to repeat.
//
//   kefu::client::Tickets tickets{client};
//   tickets.create({.id = id, .subject = "A refund"}, [](kefu::client::TicketAnswer answer) { … });
//
// Threading and lifetimes are the Client's, which outlives this.
#pragma once

#include <kefu/client/client.hpp>
#include <kefu/completion.hpp>
#include <kefu/model/rule.hpp>
#include <kefu/model/ticket.hpp>
#include <optional>
#include <string>
#include <vector>

namespace kefu::inline v0::client {

/// A ticket, and what it takes to change it.
struct KnownTicket {
  Ticket ticket;              ///< without comments, which `history` tells
  std::uint64_t version = 0;  ///< that a change must name
};

/// What a call has come to.
struct TicketAnswer {
  /// ok; not_found: there is none, or it is not theirs to read; conflict: by `rule`; denied;
  /// too_large; overloaded: too much waits to be answered; shutting_down: the client has stopped.
  errc code = errc::ok;
  Rule rule = Rule::none;          ///< that forbids it
  std::uint64_t current = 0;       ///< Rule::version: the ticket's version now
  std::vector<KnownTicket> found;  ///< ok: the one that was changed, or those that were asked for
  std::string next;                ///< of list(): empty at the end
};

/// What changes; the rest stays.
struct TicketPatch {
  std::optional<TicketState> state = {};
  std::optional<Timestamp> pending_until = {};  ///< with the state `pending`
  std::optional<std::string> subject = {};
  std::optional<std::string> department = {};
  std::optional<std::string> assignee = {};
  std::optional<Priority> priority = {};
  std::optional<std::vector<std::string>> tags = {};
  std::optional<Attributes> fields = {};
  std::optional<ConversationId> link = {};  ///< another conversation that it is about
};

class Tickets {
 public:
  /// Called on the executor, not inside the call.
  using Done = Completion<TicketAnswer>;

  explicit Tickets(Client& client) : client_(client) {}

  /// Of `ticket` only id, subject, requester, department, assignee, priority, tags, fields and the
  /// first of its conversations count.
  void create(const Ticket& ticket, Done done);
  /// On the version that the caller saw.
  void update(TicketId id, std::uint64_t version, const TicketPatch& patch, Done done);
  /// An entry of the ticket's log; nothing is found. The same `comment` acts once.
  void comment(TicketId id, CommentId comment, std::string_view text, Done done,
               Log log = Log::public_log);
  /// The work of `from` goes on in `into`, which is found.
  void merge(TicketId from, std::uint64_t from_version, TicketId into, std::uint64_t into_version,
             Done done);
  /// A ticket as it is now.
  void get(TicketId id, Done done);
  /// Those of an assignee, or nobody's; a visitor's own. Newest first, from `after`
  /// (TicketAnswer::next of the page before) on.
  void list(std::string_view assignee, std::string_view after, std::uint64_t limit, Done done);

 private:
  template <class Frame>
  void ask(Frame frame, Done done);

  Client& client_;
};

}  // namespace kefu::inline v0::client
