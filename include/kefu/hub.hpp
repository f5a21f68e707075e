// Hub: the composition root. It joins a Store, executors and transports into a service for one
// tenant.
//
//   kefu::Hub hub{loops.executors(), store};
//   hub.authenticate(kefu::jwt_hs256(secret));
//   server.serve(hub);
//
// Threading: authenticate(), judge() and every other set-up call come before the first connection.
// The operations may be called from any thread; their completions are posted to one of the hub's
// executors, never called inline.
//
// Lifetimes: executors, store, clock, logger and bus must outlive the hub. It is destroyed when its
// transports have stopped and its executors run nothing.
//
// Exceptions: the constructor throws std::invalid_argument for limits that make no sense; nothing
// else throws.
#pragma once

#include <kefu/auth.hpp>
#include <kefu/bus.hpp>
#include <kefu/callback.hpp>
#include <kefu/clock.hpp>
#include <kefu/desk.hpp>
#include <kefu/event_sink.hpp>
#include <kefu/executor.hpp>
#include <kefu/limits.hpp>
#include <kefu/logger.hpp>
#include <kefu/metrics.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/policy.hpp>
#include <kefu/session.hpp>
#include <kefu/store.hpp>
#include <kefu/transport.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0 {

namespace core {
struct DeskChange;
}
class Auditor;

/// What a Hub is made with, besides executors and a Store.
struct HubOptions {
  kefu::limits limits = {};
  const Clock* clock = nullptr;  ///< wall time for token expiry; null: the machine's
  Logger* logger = nullptr;      ///< null: nothing is logged
  Bus* bus = nullptr;            ///< to the other nodes on the same store; null: there are none
  DeskOptions desk = {};         ///< departments, routing, business hours
  Callback<std::uint64_t()> random =
      {};                      ///< for session ids; empty: std::random_device. Called on any shard
  Auditor* auditor = nullptr;  ///< is told what becomes no entry (auditor.hpp); null: nobody is
};

/// A message to take back.
struct RecallRequest {
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t seq = 0;
  Participant by = {};  ///< empty: the host
};

/// What to look for, and for whom.
struct SearchQuery {
  std::string text;
  Participant by = {};                              ///< empty: the host, who may find everything
  std::optional<ConversationId> conversation = {};  ///< only in this one
  std::string after = {};                           ///< SearchHits::next of the answer before
  std::size_t limit = 50;
};
/// A page of what was found.
struct SearchHits {
  std::vector<Entry> entries;  ///< the newest first
  std::string next;            ///< empty: everything has been searched
};

/// Takes whole lines of JSON, some at a time, and calls `more` when it can take further ones: with
/// true, or with false to end it. Called on one of the Hub's executors; must not block. The lines
/// are valid during the call.
using LineTaker = Callback<void(std::string_view lines, Completion<bool> more)>;

class Hub final : public Acceptor {
 public:
  /// One shard for each executor; at least one.
  Hub(std::vector<Executor*> executors, Store& store, HubOptions options = {});
  ~Hub();
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  /// Who may come in. Without one, every `hello` is refused.
  void authenticate(std::unique_ptr<Authenticator> authenticator);

  /// Another policy that judges what clients send, asked after those before it.
  void judge(std::unique_ptr<Policy> policy);

  /// Called by a Transport, on the connection's executor.
  Inbound& accepted(Connection& connection) override;

  /// Finds the open conversation of (visitor, department), or creates it with the proposed id. With
  /// `agents` it starts active: the first one owns it, and the others take part; else it is queued,
  /// or a ticket where the department is closed and wants it so (Offline::ticket). Safe to repeat.
  /// errc::too_large when a text is above limits::max_id or max_subject; errc::not_found for a
  /// department that the desk does not have; errc::conflict when the owner has no free slot.
  struct OpenRequest {
    ConversationId id;
    std::string visitor;
    std::string department;
    std::string subject = {};
    std::vector<std::string> agents = {};
    Priority priority = Priority::normal;
    std::string language = {};             ///< a tag of BCP 47; may be empty
    std::vector<std::string> skills = {};  ///< that its agent needs
    std::vector<std::string> tags = {};
    Attributes attributes = {};
  };
  /// Opens a conversation, see OpenRequest.
  void open(OpenRequest request, Completion<result<Conversation>> done);

  /// Carries out any change that the desk knows (kefu/core/desk_command.hpp), with its rules, and
  /// tells everybody whom it concerns: assignments, tickets, what is known about a conversation,
  /// agents. Safe to repeat, as each says for itself. The host is trusted: `by` is whoever it says.
  ///
  ///   hub.change({kefu::core::CreateTicket{ticket, by}}, [](kefu::DeskOutcome outcome) { … });
  void change(core::DeskChange change, Completion<DeskOutcome> done);

  /// Writes a conversation as JSON Lines: {"type":"conversation","conversation":{…}}, then its
  /// entries as the frames `entry` of wire/PROTOCOL.md. With `internal` that is its whole record,
  /// and each internal entry stands behind the public one after which it was written; else it is
  /// what the visitor may know. Not more is held than a page of each log. In the end comes `done`,
  /// with errc::not_found, the Store's error, or errc::closed when `take` has ended it.
  void transcript(ConversationId conversation, bool internal, LineTaker take,
                  Completion<errc> done);

  /// Writes what is kept of a participant who asks for it: the conversations in which they are the
  /// visitor, newest first, as transcript() without internal ones, then the tickets of which they
  /// are the requester, {"type":"ticket","ticket":{…}} and the public entries of its log; their
  /// attributes (fields) too, but neither tags nor skills nor who was asked, which are the staff's;
  /// then that of former identities. What they open meanwhile may be missing. errc::closed: `take`.
  void export_participant(std::string participant, LineTaker take, Completion<errc> done);

  /// Keeps an identity, or an address or network of addresses, out: `hello` is refused with
  /// errc::denied and Rule::banned, and sessions that live are ended, on other nodes within
  /// limits::ban_check. A single IPv6 address stands for its network of 64 bits, since whoever has
  /// one has that; a length, such as /128, is taken at its word. It takes the place of one about
  /// the same. Durable; safe to repeat.
  /// errc::bad_frame: it names neither or both, or no address; errc::too_large: a text above
  /// limits::max_id or max_reason; Rule::capacity: there are limits::max_bans; Rule::too_late: its
  /// time is over.
  void ban(Ban ban, Completion<DeskOutcome> done);
  /// The one about this participant or this address, as it was named, stands no more.
  void lift(std::string participant, std::string address, Completion<DeskOutcome> done);
  /// Those that stand.
  void bans(Completion<result<std::vector<Ban>>> done);

  /// Takes a message back: its body is emptied in the Store, its number stays, its tags say so
  /// (tags::kRecalled), and an entry of kind `recalled` tells every reader, also those who come
  /// later. Safe to repeat. Rule::author: it is somebody else's; Rule::too_late:
  /// limits::recall_within is over; Rule::message: kefu wrote it; Rule::exists: there is none, or
  /// it is not theirs to read. The host is trusted: with nobody in `by` only the latter two apply.
  void recall(RecallRequest request, Completion<DeskOutcome> done);

  /// Finds messages by what they say: what has the text in it, the letters A to Z and a to z taken
  /// for the same. Visitors and bots find what is said in their own conversations (visitors in the
  /// newest limits::max_list), agents also in those of their departments, supervisors everywhere;
  /// staff in the internal logs too. At most limits::search_scan messages are looked at for an
  /// answer: it may hold few, or none, and yet name a `next`. errc::unsupported: the Store can't.
  void search(SearchQuery query, Completion<result<SearchHits>> done);

  /// Merges a visitor into the contact that they turned out to be: the visitor is a former identity
  /// of theirs from now on (kept in a record), and every conversation becomes the contact's, one
  /// commit each, whose entry of kind `merged` names the former identity. What that one wrote stays
  /// as it was written: an entry is the contact's own when it is from them, or from an id that a
  /// `merged` of its log names. Who reads as the visitor is let go of, and what they have under way
  /// is refused. Of two open conversations in a department the one that is further on stays open
  /// (owned, then waiting, then with a bot, then resolved; of equals the older), since that is
  /// where somebody may be answering; the other is closed, and its entry of kind `continued` names
  /// the one that stays (core/contact.hpp). Tickets keep their requester.
  ///
  /// Who uses the former identity further is that one, with nothing of what was moved; merging
  /// again moves what they have opened since. Safe to repeat; what an error or a crash has
  /// interrupted goes on by itself after limits::merge_resume. Rule::itself: they are the same;
  /// Rule::taken: the visitor is somebody else's former identity, or the contact is somebody's;
  /// Rule::capacity: they have had Contact::kFormer. The host is trusted; on the wire `claim` does
  /// this for who shows a token of each.
  void merge(std::string visitor, std::string contact, Completion<DeskOutcome> done);

  /// Takes what is personal of a participant out of the Store: the bodies of what they wrote and
  /// their sessions, as Store::erase() says (comments on tickets too), and what was said about
  /// their conversations and about the tickets of which they are the requester (subject, and
  /// attributes or fields); likewise of the former identities that were merged into them. Numbers
  /// stay, so that logs have no holes. Answers how many bodies it emptied; after an error it may
  /// have done a part, and asking again does the rest. Whoever has read something still has it;
  /// what others wrote is the host's to judge, and so are files.
  void erase(std::string participant, Completion<result<std::uint64_t>> done);

  /// Brings every entry that is stored to a sink, from the first one on, or from where the sink of
  /// that name was. Of the nodes that name the same sink one delivers at a time. A set-up call.
  void deliver(std::string name, std::unique_ptr<EventSink> sink, SinkOptions options = {});

  /// Delivers the dead letters of a sink again, from this node, the oldest first; what it takes is
  /// forgotten, and the rest kept. errc::not_found for a sink that this hub does not have,
  /// errc::conflict while it is under way.
  void replay(std::string_view sink, Completion<result<Replayed>> done);

  /// Whose token it is, where they take part in the conversation; errc::not_found where they
  /// don't, or the authenticator's or the Store's error. `token` is valid during the call, and the
  /// authenticator is asked in it.
  void admit(std::string_view token, const Caller& caller, ConversationId conversation,
             Completion<result<Identity>> done);

  /// The figures of all shards, added up.
  void stats(Completion<HubStats> done);

  /// A session that is attached to this node now, with the quality of its connection;
  /// errc::session_gone when there is none.
  void session(SessionId id, Completion<result<SessionView>> done);
  /// All of a participant that are.
  void sessions_of(std::string participant, Completion<std::vector<SessionView>> done);

  /// Ends every connection in good order: nothing more is served, what was accepted gets its
  /// outcome, then each client is told when to come back (limits::reconnect_after) and closed with
  /// errc::shutting_down. At `deadline` the rest is closed as it is. Completes when no connection
  /// is left, or at the deadline. Connections that come from then on are closed at once. A
  /// Transport that stops does the same to its own connections, by Inbound::on_stopping(): call
  /// this where the hub should stop and its transports go on.
  void drain(Instant deadline, Completion<> done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kefu::inline v0
