// Frames: what client and server say to each other, as plain values. wire/codec.hpp turns them into
// bytes and back; wire/PROTOCOL.md is their specification. Texts are views: of the message they
// were decoded from, or of what the encoder's caller keeps alive. Whoever keeps a frame copies what
// it needs.
#pragma once

#include <cstdint>
#include <kefu/error.hpp>
#include <kefu/model/agent.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/id.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/model/ticket.hpp>
#include <kefu/model/time.hpp>
#include <kefu/model/verdict.hpp>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

namespace kefu::inline v0 {

/// How far a client has read a conversation: it has every entry up to these.
struct Position {
  ConversationId conversation;
  std::uint64_t seq = 0;       ///< in the public log
  std::uint64_t internal = 0;  ///< in the internal log

  friend bool operator==(const Position&, const Position&) = default;
};

/// A conversation as a client is told of it.
struct ConversationView {
  ConversationId id;
  ConversationState state = ConversationState::queued;
  std::string_view visitor;
  std::string_view department;
  std::string_view subject;
  std::string_view agent;           ///< its owner; empty while nobody has it
  std::uint64_t assignment = 0;     ///< the assignment's epoch; 0 for visitors
  std::uint64_t tail = 0;           ///< of the public log
  std::uint64_t internal_tail = 0;  ///< of the internal log; 0 for visitors
  std::uint64_t accepted_cseq = 0;  ///< of this session: its sends up to here have an outcome
  Timestamp opened_at;
  /// To its visitor: nobody has it, and its department is closed until then.
  std::optional<Timestamp> opens_at = {};

  friend bool operator==(const ConversationView&, const ConversationView&) = default;
};

namespace frame {

// ---- from the client

/// The first frame of a connection.
struct Hello {
  std::string_view token;
  std::optional<SessionId> session;  ///< to resume it
  std::uint64_t epoch = 1;           ///< above every earlier one of the session
  std::vector<Position> positions;   ///< conversations not named are read from their start
};
/// Another token, before the one at hand ends.
struct Token {
  std::string_view token;
};
/// A name and a text.
struct Attribute {
  std::string_view name;
  std::string_view value;

  friend bool operator==(const Attribute&, const Attribute&) = default;
};
/// Opens a conversation.
struct Open {
  ConversationId id;
  std::string_view department;
  std::string_view subject;
  std::string_view language = {};
  Priority priority = Priority::normal;
  std::vector<Attribute> attributes = {};
};
/// `send` (public log) or `note` (internal log).
struct Send {
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t cseq = 0;
  std::string_view kind = kind::kText;
  std::string_view body;
  std::string_view traceparent = {};  ///< see model/traceparent.hpp
};
/// A client has read a log so far.
struct Delivered {
  ConversationId conversation;
  std::uint64_t seq = 0;
};
/// A person has seen a log so far.
struct Read {
  ConversationId conversation;
  std::uint64_t seq = 0;
};
/// Somebody types, or has stopped.
struct SetTyping {
  static constexpr std::size_t kMaxPreview = 1000;  ///< bytes

  ConversationId conversation;
  bool on = true;
  std::string_view preview = {};  ///< what was typed so far
};
/// Exactly one of `before` and `after`.
struct History {
  ConversationId conversation;
  Log log = Log::public_log;
  std::optional<std::uint64_t> before;
  std::optional<std::uint64_t> after;
  std::uint64_t limit = 50;
};
/// Asks for conversations.
struct List {
  /// One's own conversations; or, for supervisors, those that wait, in their order by department.
  enum class Scope : std::uint8_t { own, queue };

  std::string_view after;  ///< Listed::next of the answer before, or empty
  std::uint64_t limit = 50;
  Scope scope = Scope::own;
};
/// What an agent says of themselves; what is absent stays as it is.
struct SetPresence {
  std::optional<Intent> intent;
  std::optional<std::uint64_t> capacity;
  std::optional<std::uint64_t> version = {};  ///< that Done told last
};
/// The changes of an assignment. With `assignment` they are refused when it has another epoch now,
/// unless they made that themselves.
struct Change {
  /// What is to be done.
  enum class What : std::uint8_t {
    accept,
    decline,
    release,    ///< back to the queue
    take_over,  ///< whoever has it
    resume,
    resolve,
    reopen,
    close,
  };
  What what = What::accept;
  ConversationId conversation;
  std::optional<std::uint64_t> assignment;
};
/// Exactly one of `agent` and `department`.
struct Transfer {
  ConversationId conversation;
  std::optional<std::uint64_t> assignment;
  std::string_view agent;
  std::optional<std::string_view> department;
  std::string_view note;
};
/// A conversation waits for something.
struct Hold {
  ConversationId conversation;
  std::optional<std::uint64_t> assignment;
  std::optional<Timestamp> until;
};
/// A supervisor reads along.
struct Watch {
  ConversationId conversation;
};
/// One more agent takes part, without owning it: whom somebody in it names, or a supervisor.
struct Join {
  ConversationId conversation;
  std::string_view agent;  ///< empty: the caller
};
/// The caller takes part no more.
struct Leave {
  ConversationId conversation;
};
/// What is given changes; About answers.
struct Describe {
  ConversationId conversation;
  std::optional<std::string_view> subject = {};
  std::optional<Priority> priority = {};
  std::optional<std::string_view> language = {};
  std::optional<std::vector<std::string_view>> skills = {};
  std::optional<std::vector<std::string_view>> tags = {};
  std::optional<std::vector<Attribute>> attributes = {};
};
/// Takes a message back.
struct Recall {
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t seq = 0;
};
/// Keeps somebody out. Exactly one of `participant` and `address`.
struct Ban {
  std::string_view participant = {};
  std::string_view address = {};  ///< or a network
  std::optional<Timestamp> until = {};
  std::string_view reason = {};
};
/// … and no longer.
struct Lift {
  std::string_view participant = {};
  std::string_view address = {};
};
/// What the participant of that token has becomes the caller's: it is a former identity of theirs.
struct Claim {
  std::string_view token;
};
/// Messages by what they say.
struct Search {
  std::string_view text;
  std::optional<ConversationId> conversation = {};
  std::string_view after = {};
  std::uint64_t limit = 50;
};
/// Without `version` it creates the ticket. With it, what is given changes, on that version.
struct TicketChange {
  TicketId id;
  std::optional<std::uint64_t> version = {};
  std::optional<TicketState> state = {};
  std::optional<Timestamp> until = {};  ///< with the state `pending`
  std::optional<std::string_view> subject = {};
  std::string_view requester = {};  ///< creating
  std::optional<std::string_view> department = {};
  std::optional<std::string_view> agent = {};  ///< the assignee
  std::optional<Priority> priority = {};
  std::optional<std::vector<std::string_view>> tags = {};
  std::optional<std::vector<Attribute>> attributes = {};
  std::optional<ConversationId> conversation = {};  ///< is linked
};
/// A comment on a ticket.
struct Comment {
  TicketId id;
  CommentId comment;
  std::string_view body;
  Log log = Log::public_log;
};
/// The work of `id` goes on in `into`.
struct Merge {
  TicketId id;
  std::uint64_t version = 0;
  TicketId into;
  std::uint64_t into_version = 0;
};
/// One ticket, or those of an assignee, newest first; for visitors those that they asked for.
struct FindTickets {
  std::optional<TicketId> id = {};
  std::string_view agent = {};  ///< empty: of nobody; not looked at for visitors
  std::string_view after = {};
  std::uint64_t limit = 50;
};

// ---- from the server

/// The limits that a client must know.
struct Limits {
  std::uint64_t window = 0;
  std::uint64_t max_frame = 0;
  std::uint64_t max_body = 0;

  friend bool operator==(const Limits&, const Limits&) = default;
};
/// The answer to `hello`.
struct Welcome {
  SessionId session;
  std::uint64_t epoch = 0;
  bool resumed = false;
  Limits limits;
  std::vector<ConversationView> conversations;
};
/// The sends cseq - count + 1 … cseq became the entries seq - count + 1 … seq.
struct Ack {
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t cseq = 0;
  std::uint64_t seq = 0;
  std::uint64_t count = 1;
  Timestamp at;
  bool stands = true;  ///< for the entries; false: they come as entries, and this only settles
};
/// `origin` is present only when the receiver is the participant who wrote the entry.
struct EntryFrame {
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t seq = 0;
  std::uint64_t after = 0;
  std::string_view from;
  Role role = Role::bot;
  std::optional<Origin> origin;
  std::string_view kind;
  std::string_view body;
  std::string_view tags;  ///< as tags::told() says
  Timestamp at;
};
/// The entry as a frame, which views it. `own`: the receiver is the participant who wrote it.
/// `staff`: the receiver is one of them.
[[nodiscard]] inline EntryFrame of(const Entry& entry, bool own, bool staff) {
  EntryFrame frame;
  frame.conversation = entry.conversation;
  frame.log = entry.log;
  frame.seq = entry.seq;
  frame.after = entry.after;
  frame.from = entry.from;
  frame.role = entry.role;
  if (own && !entry.origin.session.is_nil()) frame.origin = entry.origin;
  frame.kind = entry.kind;
  frame.body = entry.body;
  frame.tags = tags::told(entry.tags, own, staff);
  frame.at = entry.at;
  return frame;
}
/// The entry that the frame tells.
[[nodiscard]] inline Entry entry_of(const EntryFrame& frame) {
  Entry entry;
  entry.conversation = frame.conversation;
  entry.log = frame.log;
  entry.seq = frame.seq;
  entry.after = frame.after;
  entry.from = frame.from;
  entry.role = frame.role;
  if (frame.origin) entry.origin = *frame.origin;
  entry.kind = frame.kind;
  entry.body = frame.body;
  entry.tags = frame.tags;
  entry.at = frame.at;
  return entry;
}
/// How far somebody else has read.
struct Receipt {
  ConversationId conversation;
  std::string_view from;
  std::optional<std::uint64_t> delivered;
  std::optional<std::uint64_t> read;
};
/// Who types.
struct TypingState {
  ConversationId conversation;
  std::string_view from;
  bool on = true;
  std::string_view preview = {};  ///< for staff, of a visitor
};
/// With `expires_at` the receiver is asked, and nobody else until then. Without, it waits for
/// whoever takes it first.
struct Offer {
  ConversationId conversation;
  std::string_view visitor;
  std::string_view department;
  std::string_view subject;
  Timestamp opened_at;
  std::uint64_t assignment = 0;
  std::optional<Timestamp> expires_at;
};
/// An offer does not stand any more.
struct OfferGone {
  ConversationId conversation;
};
/// To a visitor who waits.
struct Queue {
  ConversationId conversation;
  std::uint64_t position = 1;
  std::optional<std::uint64_t> eta;   ///< seconds; nothing: nobody can tell
  std::optional<Timestamp> opens_at;  ///< it is closed until then
};
/// An agent as the staff is told of them.
struct AgentView {
  std::string_view id;
  Intent intent = Intent::available;
  bool present = false;
  std::uint64_t capacity = 0;
  std::uint64_t load = 0;  ///< slots filled

  friend bool operator==(const AgentView&, const AgentView&) = default;
};
/// To staff: these agents are as said here; the others as they were.
struct Agents {
  std::vector<AgentView> agents;
};
/// The session reads this conversation no more: the participant has left it.
struct Left {
  ConversationId conversation;
};
/// The session reads this conversation from now on: the answer to `open` and `accept`, and sent
/// unasked when another device of the participant opened or accepted it.
struct Joined {
  ConversationView conversation;
};
/// The answer to `history`.
struct HistoryPage {
  ConversationId conversation;
  Log log = Log::public_log;
  std::vector<EntryFrame> entries;  ///< in order of seq
  std::uint64_t tail = 0;
};
/// The answer to `list`.
struct Listed {
  std::vector<ConversationView> conversations;
  std::string_view next;
};
/// The reader was too far behind: it continues at `tail`; `history` has the rest.
struct Reset {
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t tail = 0;
  std::string_view reason;
};
/// What is known about a conversation, to the staff.
struct About {
  ConversationId conversation;
  std::string_view subject;
  Priority priority = Priority::normal;
  std::string_view language;
  std::vector<std::string_view> skills;
  std::vector<std::string_view> tags;
  std::vector<Attribute> attributes;
};
/// A ticket, as its reader may know it.
struct TicketView {
  TicketId id;
  std::uint64_t version = 0;
  TicketState state = TicketState::new_ticket;
  std::string_view subject;
  std::string_view requester;
  std::string_view department;
  std::string_view agent;
  Priority priority = Priority::normal;
  std::vector<std::string_view> tags;
  std::vector<Attribute> attributes;
  std::vector<ConversationId> conversations;
  std::optional<Timestamp> until;
  std::optional<TicketId> into;  ///< merged
  Timestamp created_at;
  Timestamp updated_at;
};
/// Answers whatever is asked of tickets.
struct Tickets {
  std::vector<TicketView> tickets;
  std::string_view next;
};
/// The answer to `search`, the newest first.
struct Found {
  std::vector<EntryFrame> entries;
  std::string_view next;
};
/// The answer to a frame that has nothing else to say. `assignment`: the epoch that a change left.
/// `version`: that of what else was changed.
struct Done {
  std::uint64_t assignment = 0;
  std::uint64_t version = 0;
};
/// What went wrong, and with what.
struct Error {
  errc code = errc::bad_frame;
  std::string_view detail;                     ///< for people; not to be parsed
  std::optional<ConversationId> conversation;  ///< with cseq: the send that it is about
  std::optional<std::uint64_t> cseq;
  std::optional<std::uint64_t> expected;  ///< gap: the next cseq
  std::optional<std::uint64_t> current;   ///< what it is now: the epoch, the number, the version
  /// ms. The server is about to end the connection: come back no sooner than so long after that.
  std::optional<std::uint64_t> retry_after;
  std::string_view rule = {};  ///< which rule of the desk forbids it; see model/rule.hpp
};

}  // namespace frame

/// `ref` is chosen by the client and echoed in the answer; empty when absent.
struct ClientFrame {
  std::string_view ref;
  std::variant<frame::Hello, frame::Token, frame::Open, frame::Send, frame::Delivered, frame::Read,
               frame::SetTyping, frame::History, frame::List, frame::SetPresence, frame::Change,
               frame::Transfer, frame::Hold, frame::Watch, frame::Join, frame::Leave,
               frame::Describe, frame::TicketChange, frame::Comment, frame::Merge,
               frame::FindTickets, frame::Recall, frame::Ban, frame::Lift, frame::Search,
               frame::Claim>
      body;
};

/// What a server says. Texts point to where the frame was read from.
struct ServerFrame {
  std::string_view ref;
  std::variant<frame::Welcome, frame::Ack, frame::EntryFrame, frame::Receipt, frame::TypingState,
               frame::Offer, frame::OfferGone, frame::Joined, frame::HistoryPage, frame::Listed,
               frame::Reset, frame::Done, frame::Error, frame::Queue, frame::Agents, frame::Left,
               frame::About, frame::Tickets, frame::Found>
      body;
};

}  // namespace kefu::inline v0
