// Session: one connection's end in the hub, from its first frame on, and once it is attached the
// session on it. The rules are in core::Session and core::Reader; here they meet the store, the
// shards and the connection.
#pragma once

#include <cstdint>
#include <forward_list>
#include <kefu/core/reader.hpp>
#include <kefu/core/session.hpp>
#include <kefu/hub.hpp>
#include <kefu/wire/codec.hpp>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "allowance.hpp"
#include "desk.hpp"
#include "few.hpp"
#include "mail.hpp"
#include "person.hpp"

namespace kefu::inline v0::hub {

class Shard;

class Session final : public Inbound {
 public:
  Session(Shard& shard, SessionRef ref, Connection& connection, Instant now);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void on_message(std::string_view message, std::size_t slack) override;
  void on_writable() override;
  bool on_stopping() override;
  void on_closed(errc reason) override;

  /// Fetches what the next frame or delivery will use.
  void warm() const noexcept;

  // From the shard.
  void on_delivery(Delivery& delivery);
  void on_joined(ConversationId conversation);
  void on_tick(Instant now, Timestamp wall);
  void flush_ack();
  void enlist(const VersionedConversation& conversation);
  /// It may take part in this one, as another node says.
  void expect(ConversationId conversation);
  void on_removed(ConversationId conversation);
  /// The bans have changed.
  void on_bans();
  /// The record of this agent, as somebody knows it now.
  void on_agent(const std::shared_ptr<const AgentNews>& news);
  /// It waits for whoever takes it first; and no longer does.
  void on_waiting(const Conversation& conversation);
  void withdraw_offer(ConversationId conversation);
  void tell_agents(const std::vector<SharedFrame>& frames);
  void send(const ServerFrame& frame);
  void send(SharedFrame frame);
  void end(errc reason);

  /// Calls something of this session. Where memory ends it gives up this session, and no more.
  template <class Call>
  void attend(Call&& call) {
    try {
      call();
    } catch (const std::bad_alloc&) {
      give_up();
    }
  }
  /// Is read again, as far as it is up to the store.
  void resume();
  /// Closes the connection as overloaded, without a word more.
  void give_up() noexcept;
  /// Whether an answer to it is still to come.
  [[nodiscard]] bool awaits_something() const noexcept;

  /// Of its connection; nullopt where that doesn't tell.
  [[nodiscard]] std::optional<LinkQuality> quality() const {
    return connection_ ? connection_->quality() : std::nullopt;
  }
  /// Precondition: attached().
  [[nodiscard]] SessionView view() const {
    return {id_,
            epoch_,
            who_.participant(),
            std::string{connection_->peer()},
            std::string{connection_->subject()},
            connection_->quality()};
  }
  [[nodiscard]] SessionRef ref() const noexcept { return ref_; }
  [[nodiscard]] SessionId id() const noexcept { return id_; }
  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }
  [[nodiscard]] const Person& who() const noexcept { return who_; }
  [[nodiscard]] bool attached() const noexcept {
    return machine_.state() == core::Session::State::attached;
  }
  [[nodiscard]] bool holds_session() const noexcept { return !id_.is_nil(); }

 private:
  /// A conversation that this session reads.
  struct Membership {
    ConversationId conversation;
    core::Reader readers[2];     // by Log
    std::uint64_t accepted = 0;  // the highest cseq whose outcome came on this connection
    static constexpr std::uint64_t kKnownMask = ~std::uint64_t{0} >> 1;
    std::uint64_t known : 63 = 0;  // the tail when the record was read: no change is behind it
    std::uint64_t ready : 1 = 0;   // `welcome` or `joined` is out: entries may follow
  };
  /// Conversations of which the client will be told, and what is still to be learned before that.
  struct Gathering;
  /// What `hello` said, until the session is attached.
  struct Greeting;
  /// Tickets that the participant may read, each with its version.
  struct ReadTickets {
    std::vector<std::pair<Ticket, std::uint64_t>> tickets{};
    std::string next{};
  };
  /// What the session of one of the staff knows of the desk.
  struct Seat;
  /// Has what was decoded. Not a base: that would be eight bytes of each session.
  struct Frames;

  void on_frame(const ClientFrame& frame);
  void on_error(const wire::DecodeError& error);

  void on(const frame::Hello& hello);
  void on(const frame::Token& token);
  void on(const frame::Open& open);
  void on(const frame::Send& send);
  void on(const frame::Delivered& delivered);
  void on(const frame::Read& read);
  void on(const frame::SetTyping& typing);
  void on(const frame::History& history);
  void on(const frame::List& list);
  void on(const frame::SetPresence& presence);
  void on(const frame::Change& change);
  void on(const frame::Transfer& transfer);
  void on(const frame::Hold& hold);
  void on(const frame::Watch& watch);
  void on(const frame::Join& join);
  void on(const frame::Leave& leave);
  void on(const frame::Describe& describe);
  void on(const frame::TicketChange& change);
  void on(const frame::Comment& comment);
  void on(const frame::Merge& merge);
  void on(const frame::FindTickets& find);
  void on(const frame::Recall& recall);
  void on(const frame::Ban& ban);
  void on(const frame::Search& search);
  void on(const frame::Lift& lift);
  void on(const frame::Claim& claim);
  void on_claimed(std::string ref, result<Identity> former);
  void change_bans(core::DeskCommand command);

  void on_identity(result<Identity> identity);
  void on_renewed_identity(std::string ref, result<Identity> identity);
  void attach();
  void on_attached(AttachOutcome outcome);
  void on_conversations(result<ScanPage> page);
  void take_seat();
  void list_offers();
  void scan_offers();
  void on_offers(result<ScanPage> page);
  void show(const Conversation& conversation, bool asked);
  void hide(ConversationId conversation);
  void look_for(ConversationId conversation);
  void run(ConversationId id, core::DeskCommand command);
  void answer(const DeskAnswer& verdict, std::string ref);
  void change_ticket(core::DeskCommand command);
  void scan_tickets(ScanRequest request, std::string ref);
  void tell_tickets(std::string_view ref, const ReadTickets& page);
  void look_up_ticket(TicketId id, Completion<Session&, result<ReadTickets>> done);
  void judge_tickets(ScanPage page, Completion<Session&, result<ReadTickets>> done);
  void refuse(std::string_view ref, const DeskAnswer& verdict, std::uint64_t version = 0);
  [[nodiscard]] bool is_desk_staff() const;
  [[nodiscard]] bool is_banned();
  void refuse_guesser();
  void refuse_hello(errc code, std::string_view detail,
                    std::optional<std::uint64_t> current = std::nullopt);

  void join(VersionedConversation conversation, std::string ref);
  void start(std::unique_ptr<Gathering> gathering);
  void read_tails(Gathering& gathering);
  void on_tails(std::uint32_t gathering, result<std::vector<Tail>> tails);
  void finish(std::unique_ptr<Gathering> gathering);
  void finish_hello(const Gathering& gathering);
  void begin_reading(const Gathering& gathering);
  [[nodiscard]] std::vector<ConversationView> views(const Gathering& gathering) const;

  void react(Membership& membership, Log log, core::Reader::Action action);
  void fetch(Membership& membership, Log log);
  void on_page(ConversationId conversation, Log log, result<Page> page);
  void pump();
  void write(const frame::Ack& ack);
  void block();
  void on_entry(Delivery& delivery);
  void on_hint(const Delivery& delivery);
  void on_ack(const Delivery& delivery);
  void on_failed(Delivery& delivery);

  void move_cursor(const mail::Cursor& cursor);
  void read_history(ConversationId id, Log log, std::uint64_t after,
                    std::optional<std::uint64_t> before, std::size_t limit, std::string ref);

  [[nodiscard]] Membership* find(ConversationId conversation);
  Membership& member(ConversationId conversation);
  [[nodiscard]] std::uint64_t accepted(ConversationId conversation) const;
  [[nodiscard]] bool staff() const { return who_.staff(); }
  /// Takes a frame from all allowances, or answers the name of the limit that is used up.
  [[nodiscard]] std::string_view take_token(Instant now);
  [[nodiscard]] std::string_view take_shared_token(Instant now);
  void fail(std::string_view ref, errc code, std::string_view detail);
  void fail_send(const frame::Send& send, errc code, std::string_view detail);

  void depart();
  /// Once it stops: says when to come back and ends, unless something has no outcome yet.
  void leave_if_settled();

  /// A completion that calls `f(session, args…)` on this session, unless it has gone by then.
  template <class... Args, class F>
  [[nodiscard]] Completion<Args...> mine(F f);

  // Twenty thousand of them must be cheap to hold: what few have, or seldom, is behind a pointer.
  Shard& shard_;
  const SessionRef ref_;
  Connection* connection_;  // null once it is closed
  [[no_unique_address]] core::Session machine_;
  // In the room behind it:
  bool blocked_ = false;
  bool retry_fetch_ = false;     // a page failed: try again at the next tick
  bool flooding_ = false;        // with what can't be read; it has been told
  bool stopping_ = false;        // nothing more is served
  bool paused_ = false;          // not read, for too many drafts wait for the store
  bool searching_ = false;       // the answer to one is still to come
  bool no_address_ : 1 = false;  // its peer's address is not counted
  bool verified_ : 1 = false;    // the host knows who it is
  Person who_;
  Timestamp expires_at_;
  SessionId id_;
  std::uint64_t epoch_ = 0;
  Few<Membership> memberships_;  // sorted by conversation
  Few<Mark> marks_;              // as attached
  std::forward_list<std::unique_ptr<Gathering>> gatherings_;
  std::unique_ptr<Greeting> greeting_;
  std::unique_ptr<Seat> seat_;

  // Shared with others on their participant or address; none while nothing was sent of late.
  Allowances::Handle participant_rate_;
  Allowances::Handle address_rate_;

  Instant rate_full_at_;  // a bucket of frames_per_second would be full again then
  Instant blocked_since_;
  std::uint32_t blocked_bytes_ = 0;
  std::uint32_t ack_run_ = 0;  // the shard's number of it
  std::uint32_t last_gathering_ = 0;
  std::uint32_t asked_ : 24 = 0;  // completions of mine() that are still to come
  std::uint32_t fetches_ : 8 = 0;
};

static_assert(sizeof(void*) != 8 || sizeof(Session) <= 192);

}  // namespace kefu::inline v0::hub
