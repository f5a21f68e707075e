// ClientSession: the client's side of the protocol as a state machine. Calls are events; each
// appends effects, to be carried out in their order. It touches no socket, clock, timer, storage or
// source of randomness; the C++ client and the simulator drive the same machine.
//
// What it guarantees, as long as `Persist` is durable: every submitted send becomes exactly one
// entry or one reported failure, in the order of submission, across lost links, restarts and
// expired sessions (promises 2 and 6); the entries of each log are delivered in order of seq, each
// once, and none is left out but by a reset that is told (promise 4).
//
// Texts in frames that go in are only read during the call.
#pragma once

#include <algorithm>
#include <cstdint>
#include <kefu/core/back_off.hpp>
#include <kefu/core/client_conversation.hpp>
#include <kefu/core/client_effects.hpp>
#include <kefu/core/client_state.hpp>
#include <kefu/model/frame.hpp>
#include <kefu/model/traceparent.hpp>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace kefu::inline v0::core {

/// How patient a client is.
struct ClientOptions {
  Nanoseconds attempt_timeout{10'000'000'000};  ///< from opening a link to `welcome`
  Nanoseconds answer_timeout{30'000'000'000};   ///< a send without an answer: the link is dead
  Nanoseconds link_retry{500'000'000};          ///< before the first new attempt; then longer …
  Nanoseconds link_retry_limit{30'000'000'000};
  Nanoseconds stable_after{60'000'000'000};  ///< … until a welcome has held for so long
  unsigned overloaded_failures = 4;          ///< an overloaded server counts as so many failures
  Nanoseconds send_retry{200'000'000};       ///< before a send is tried again; then longer
  Nanoseconds send_retry_limit{10'000'000'000};
  Nanoseconds cursor_delay{250'000'000};  ///< for which `delivered` is gathered
  std::uint64_t history_page = 200;       ///< entries asked for at a time
  unsigned hellos = 4;                    ///< on one link
  bool staff = false;                     ///< this participant reads internal logs
  std::uint64_t seed = 1;                 ///< of the jitter
};

class ClientSession {
 public:
  /// How far the connection has got.
  enum class State : std::uint8_t {
    stopped,     ///< nothing happens until start()
    connecting,  ///< a link is being opened
    greeting,    ///< `hello` is on its way
    attached,    ///< welcomed
    waiting,     ///< for the next attempt, due at deadline()
  };

  explicit ClientSession(ClientState saved = {}, ClientOptions options = {})
      : options_(options),
        session_(saved.session),
        epoch_(saved.epoch),
        submitted_(saved.submitted),
        link_retry_(options.link_retry, options.link_retry_limit, options.seed),
        send_retry_(options.send_retry, options.send_retry_limit, ~options.seed) {
    for (ClientConversationState& one : saved.conversations)
      conversations_.emplace_back(std::move(one));
  }

  /// How far the connection has got.
  [[nodiscard]] State state() const noexcept { return state_; }
  /// The session to resume; nil when there is none.
  [[nodiscard]] SessionId session() const noexcept { return session_; }

  /// Everything that must survive a restart.
  [[nodiscard]] ClientState snapshot() const {
    ClientState out{session_, epoch_, submitted_, {}};
    for (const ClientConversation& one : conversations_) out.conversations.push_back(one.save());
    return out;
  }

  /// How many sends have no outcome.
  [[nodiscard]] std::size_t pending() const {
    std::size_t count = 0;
    for (const ClientConversation& one : conversations_) count += one.sends.items().size();
    return count;
  }

  /// When on_tick() is due; nothing: never, as things stand.
  [[nodiscard]] std::optional<Instant> deadline() const {
    std::optional<Instant> out;
    const auto at = [&](Instant when) { out = out ? std::min(*out, when) : when; };
    switch (state_) {
      case State::stopped:
        return out;
      case State::connecting:
      case State::greeting:
      case State::waiting:
        return due_;
      case State::attached:
        break;
    }
    if (cursors_due_) at(*cursors_due_);
    for (const ClientConversation& one : conversations_) {
      if (const auto since = one.waiting_since()) at(*since + options_.answer_timeout);
      if (one.sends_held > now_) at(one.sends_held);
      if (one.history_held > now_) at(one.history_held);
    }
    return out;
  }

  // ---- events

  /// Begins, or begins again with another token.
  void start(std::string token, Instant now, ClientEffects& out) {
    now_ = now;
    token_ = std::move(token);
    if (state_ == State::stopped) connect(out);
  }

  /// Drops the link. What is pending stays so.
  void stop(ClientEffects& out) {
    if (has_link()) out.push_back(client_effect::Disconnect{});
    end_link();
    state_ = State::stopped;
    out.push_back(client_effect::Persist{});
  }

  /// Takes a message to deliver, whatever happens. Answers its number, which its outcome names. A
  /// `traceparent` that is none is left out.
  std::uint64_t submit(ConversationId conversation, Log log, std::string kind, std::string body,
                       Instant now, ClientEffects& out, std::string traceparent = {}) {
    now_ = now;
    PendingSend send;
    send.id = ++submitted_;
    send.log = log;
    send.kind = std::move(kind);
    send.body = std::move(body);
    if (is_traceparent(traceparent)) send.traceparent = std::move(traceparent);
    find_or_add(conversation).sends.add(std::move(send));
    out.push_back(client_effect::Persist{});
    pump(out);
    return submitted_;
  }

  /// The link is open.
  void on_opened(Instant now, ClientEffects& out) {
    now_ = now;
    if (state_ != State::connecting) return;
    hellos_ = 0;
    hello(out);
  }

  /// The link ended, or could not be opened. `reason`: as the server told it, else
  /// errc::unavailable.
  void on_closed(errc reason, Instant now, ClientEffects& out) {
    now_ = now;
    if (!has_link()) return;
    end_link();
    give_way(reason, out);
  }

  /// deadline() has come.
  void on_tick(Instant now, ClientEffects& out) {
    now_ = now;
    switch (state_) {
      case State::stopped:
        return;
      case State::waiting:
        if (now >= due_) connect(out);
        return;
      case State::connecting:
      case State::greeting:
        if (now >= due_) lose(errc::timed_out, out);
        return;
      case State::attached:
        if (unanswered()) return lose(errc::timed_out, out);
        tell_cursors(out);
        pump(out);
        return;
    }
  }

  /// The server has said something.
  void on_frame(const ServerFrame& frame, Instant now, ClientEffects& out) {
    now_ = now;
    note_retry_after(frame);
    switch (state_) {
      case State::greeting:
        if (const auto* welcome = std::get_if<frame::Welcome>(&frame.body)) {
          on_welcome(*welcome, out);
        } else if (const auto* error = std::get_if<frame::Error>(&frame.body)) {
          on_hello_error(*error, out);
        }
        break;
      case State::attached:
        on_attached_frame(frame, out);
        break;
      default:
        return;
    }
    pump(out);
  }

 private:
  // ---- the link

  [[nodiscard]] bool has_link() const {
    return state_ == State::connecting || state_ == State::greeting || state_ == State::attached;
  }

  void connect(ClientEffects& out) {
    state_ = State::connecting;
    due_ = now_ + options_.attempt_timeout;
    out.push_back(client_effect::Connect{});
  }

  void hello(ClientEffects& out) {
    if (++hellos_ > options_.hellos) return lose(errc::unavailable, out);
    state_ = State::greeting;
    ++epoch_;
    // Before the attempt: an epoch that the server may have seen is never used again.
    out.push_back(client_effect::Persist{});
    frame::Hello hello;
    hello.token = token_;
    if (!session_.is_nil()) hello.session = session_;
    hello.epoch = epoch_;
    for (const ClientConversation& one : conversations_) {
      const Position at{one.id, one.logs[0].position(), one.logs[1].position()};
      if (at.seq || at.internal) hello.positions.push_back(at);
    }
    transmit({{}, std::move(hello)}, out);
  }

  void on_hello_error(const frame::Error& error, ClientEffects& out) {
    switch (error.code) {
      case errc::stale_epoch:
        epoch_ = std::max(epoch_, error.current.value_or(0));
        return hello(out);
      case errc::session_expired:
      case errc::session_gone:
        if (session_.is_nil()) return lose(error.code, out);
        session_ = {};
        return hello(out);
      case errc::unauthenticated:
      case errc::token_expired:
      case errc::denied:
      case errc::unsupported:
      case errc::bad_frame:
      case errc::too_large:
        out.push_back(client_effect::Disconnect{});
        return refuse(error.code, out);
      default:
        return lose(error.code, out);
    }
  }

  void on_welcome(const frame::Welcome& welcome, ClientEffects& out) {
    state_ = State::attached;
    const bool resumed = welcome.session == session_;
    session_ = welcome.session;
    welcomed_at_ = now_;
    for (const ConversationView& view : welcome.conversations) find_or_add(view.id);
    for (ClientConversation& one : conversations_) {
      const auto view = std::ranges::find(welcome.conversations, one.id, &ConversationView::id);
      one.begin(session_, resumed, welcome.limits.window,
                view == welcome.conversations.end() ? nullptr : &*view, options_.staff);
    }
    window_ = welcome.limits.window;
    out.push_back(client_effect::Persist{});
    out.push_back(client_effect::Attached{session_, resumed});
  }

  // This side gives the link up.
  void lose(errc reason, ClientEffects& out) {
    out.push_back(client_effect::Disconnect{});
    end_link();
    give_way(reason, out);
  }

  void end_link() {
    if (state_ == State::attached && now_ - welcomed_at_ >= options_.stable_after)
      link_retry_.reset();
    for (ClientConversation& one : conversations_) one.end();
    cursors_due_.reset();
  }

  void give_way(errc reason, ClientEffects& out) {
    unsigned failures = 0;
    switch (reason) {
      case errc::unauthenticated:
      case errc::token_expired:
        return refuse(reason, out);
      case errc::superseded:
      case errc::fenced:
        // The session is another client's now; what is pending is looked for in the log.
        session_ = {};
        out.push_back(client_effect::Persist{});
        break;
      case errc::overloaded:
        failures = options_.overloaded_failures;
        break;
      default:
        break;
    }
    state_ = State::waiting;
    due_ = now_ + (retry_after_ ? *retry_after_ : link_retry_.next(failures));
    retry_after_.reset();
  }

  /// A server that sends its clients away says when each should come back.
  void note_retry_after(const ServerFrame& frame) {
    const auto* const error = std::get_if<frame::Error>(&frame.body);
    if (!error || !error->retry_after) return;
    constexpr std::uint64_t kLongest = 300'000;  // ms
    retry_after_ = Milliseconds{std::min(*error->retry_after, kLongest)};
  }

  void refuse(errc code, ClientEffects& out) {
    end_link();
    state_ = State::stopped;
    out.push_back(client_effect::Refused{code});
  }

  [[nodiscard]] bool unanswered() const {
    return std::ranges::any_of(conversations_, [this](const ClientConversation& one) {
      const auto since = one.waiting_since();
      return since && now_ >= *since + options_.answer_timeout;
    });
  }

  // ---- frames while attached

  void on_attached_frame(const ServerFrame& frame, ClientEffects& out) {
    if (const auto* entry = std::get_if<frame::EntryFrame>(&frame.body)) {
      on_entry(*entry, out);
    } else if (const auto* ack = std::get_if<frame::Ack>(&frame.body)) {
      on_ack(*ack, out);
    } else if (const auto* error = std::get_if<frame::Error>(&frame.body)) {
      on_error(frame.ref, *error, out);
    } else if (const auto* reset = std::get_if<frame::Reset>(&frame.body)) {
      ClientConversation& one = find_or_add(reset->conversation);
      const std::uint64_t from = one.log(reset->log).position();
      one.on_reset(reset->log, reset->tail);
      // History may have brought what is skipped, and more, while the reset was on its way.
      if (reset->tail > from)
        out.push_back(client_effect::Reset{one.id, reset->log, from, reset->tail});
    } else if (const auto* joined = std::get_if<frame::Joined>(&frame.body)) {
      find_or_add(joined->conversation.id).on_joined(joined->conversation);
    } else if (const auto* left = std::get_if<frame::Left>(&frame.body)) {
      find_or_add(left->conversation).on_left();
    } else if (const auto* page = std::get_if<frame::HistoryPage>(&frame.body)) {
      on_history(frame.ref, *page, out);
    }
  }

  // The stream's next entry, or one that history brings; and what it says of a pending send.
  void on_entry(const frame::EntryFrame& entry, ClientEffects& out) {
    ClientConversation& one = find_or_add(entry.conversation);
    match(one, entry, out);
    switch (one.log(entry.log).on_entry(entry.seq)) {
      case ClientLog::Entry::old:
        return;
      case ClientLog::Entry::next:
        return deliver(one, entry_of(entry), entry.origin.has_value(), out);
      case ClientLog::Entry::hole:
        // Nothing may be missing in the stream. Resuming from the position sets it right.
        return lose(errc::gap, out);
    }
  }

  // A send whose number the log has with other content was not stored: a copy of this client has
  // had the session, and was first. It is what the server answers to a retry. Where the content was
  // rewritten that can't be told: it had an outcome.
  void match(ClientConversation& one, const frame::EntryFrame& entry, ClientEffects& out) {
    if (!entry.origin) return;
    const auto send = one.sends.on_origin(*entry.origin);
    if (!send) return;
    if (tags::has_rewritten(entry.tags)) return settle(one, *send, errc::duplicate, out);
    if (send->log == entry.log && send->kind == entry.kind && send->body == entry.body) {
      out.push_back(client_effect::Settled{one.id, send->id, errc::ok, entry.seq, entry.at});
    } else {
      settle(one, *send, errc::conflict, out);
    }
  }

  // An ack stands for the entries that it names, unless they were delivered before. One that is
  // ahead of the stream (a retry's) only settles: its entry is still to come.
  void on_ack(const frame::Ack& ack, ClientEffects& out) {
    ClientConversation& one = find_or_add(ack.conversation);
    send_retry_.reset();
    for (std::uint64_t left = std::min({ack.count, ack.cseq, ack.seq}); left-- > 0;) {
      const std::uint64_t cseq = ack.cseq - left;
      const std::uint64_t seq = ack.seq - left;
      auto send = one.sends.on_outcome(cseq);
      if (!send) continue;
      out.push_back(client_effect::Settled{one.id, send->id, errc::ok, seq, ack.at});
      if (!ack.stands) {
        one.log(ack.log).on_told(seq);
        continue;
      }
      if (one.log(ack.log).on_entry(seq) != ClientLog::Entry::next) continue;
      Entry entry;
      entry.conversation = one.id;
      entry.log = ack.log;
      entry.seq = seq;
      if (ack.log == Log::internal) entry.after = one.log(Log::public_log).position();
      entry.origin = {session_, cseq};
      entry.kind = std::move(send->kind);
      entry.body = std::move(send->body);
      entry.at = ack.at;
      deliver(one, std::move(entry), true, out);
    }
  }

  void deliver(ClientConversation& one, Entry entry, bool own, ClientEffects& out) {
    one.on_delivered(entry);
    if (!own && entry.log == Log::public_log) {
      one.cursor_moved = true;
      if (!cursors_due_) cursors_due_ = now_ + options_.cursor_delay;
    }
    out.push_back(client_effect::Deliver{std::move(entry), own});
  }

  void on_error(std::string_view ref, const frame::Error& error, ClientEffects& out) {
    if (error.conversation && error.cseq) {
      on_send_error(find_or_add(*error.conversation), error, out);
    } else if (const Asked asked = find_asked(ref); asked.of) {
      on_history_error(asked, error, out);
    }
    switch (error.code) {
      case errc::fenced:
      case errc::superseded:
      case errc::session_expired:
      case errc::session_gone:
        return lose(error.code, out);
      default:
        return;  // anything else ends the link, if at all, by the server's closing it
    }
  }

  void on_send_error(ClientConversation& one, const frame::Error& error, ClientEffects& out) {
    const std::uint64_t cseq = *error.cseq;
    std::optional<PendingSend> settled;
    switch (error.code) {
      case errc::gap:
        one.sends.on_gap(cseq, error.expected);
        break;
      case errc::denied:
      case errc::closed:
      case errc::duplicate:
      case errc::conflict:
        send_retry_.reset();
        settled = one.sends.on_outcome(cseq);
        break;
      case errc::bad_frame:
      case errc::unsupported:
      case errc::too_large:
      case errc::not_found:
        settled = one.sends.on_failed(cseq);
        break;
      default:
        // To be tried again. One delay for a burst of errors: those that come meanwhile belong to
        // it.
        one.sends.on_retry(cseq);
        if (one.sends_held <= now_) one.sends_held = now_ + send_retry_.next();
        break;
    }
    if (settled) settle(one, *settled, error.code, out);
  }

  void settle(ClientConversation& one, const PendingSend& send, errc code, ClientEffects& out) {
    out.push_back(client_effect::Settled{one.id, send.id, code, 0, {}});
  }

  // ---- history

  /// A log for which a page of history is on its way.
  struct Asked {
    ClientConversation* of = nullptr;
    Log which = Log::public_log;
  };

  void on_history(std::string_view ref, const frame::HistoryPage& page, ClientEffects& out) {
    const Asked asked = find_asked(ref);
    if (!asked.of) return;  // the application's own
    ClientConversation& one = *asked.of;
    ClientLog& log = one.log(asked.which);
    const std::uint64_t before = log.saved().searched;
    for (const frame::EntryFrame& entry : page.entries) {
      match(one, entry, out);
      if (log.on_page_entry(entry.seq) == ClientLog::Entry::next)
        deliver(one, entry_of(entry), entry.origin.has_value(), out);
    }
    log.on_page_end(page.tail);
    // A page that brings nothing must not be asked for in a tight loop.
    const bool idle = log.wanted() && log.saved().searched == before;
    if (idle) one.history_held = now_ + options_.send_retry_limit;
  }

  void on_history_error(const Asked& asked, const frame::Error& error, ClientEffects& out) {
    ClientConversation& one = *asked.of;
    one.log(asked.which).on_page_failed();
    if (is_retryable(error.code) || error.code == errc::store_failed) {
      one.history_held = now_ + send_retry_.next();
      return;
    }
    for (const PendingSend& send : one.on_unreadable(asked.which))
      settle(one, send, error.code, out);
  }

  // Nothing for a `ref` of the application.
  Asked find_asked(std::string_view ref) {
    for (ClientConversation& one : conversations_) {
      for (const Log which : ClientConversation::kLogs) {
        if (one.log(which).fetching_since() && ref == history_ref(one, which)) return {&one, which};
      }
    }
    return {};
  }
  static std::string history_ref(const ClientConversation& one, Log which) {
    return (which == Log::public_log ? "kefu-public-" : "kefu-internal-") + one.id.to_string();
  }

  // ---- what there is to do after any event

  void pump(ClientEffects& out) {
    refs_.clear();
    if (state_ != State::attached) return;
    for (ClientConversation& one : conversations_) {
      one.reconcile();
      ask_history(one, out);
      if (now_ >= one.sends_held) transmit_due(one, out);
    }
  }

  void transmit_due(ClientConversation& one, ClientEffects& out) {
    const PendingSends::Due due = one.sends.due(now_);
    if (due.changed) out.push_back(client_effect::Persist{});
    for (const std::size_t place : due.places) {
      const PendingSend& send = one.sends.items()[place];
      transmit(
          {{}, frame::Send{one.id, send.log, send.cseq, send.kind, send.body, send.traceparent}},
          out);
    }
  }

  void ask_history(ClientConversation& one, ClientEffects& out) {
    if (now_ < one.history_held) return;
    for (const Log which : ClientConversation::kLogs) {
      const auto after = one.log(which).wanted();
      if (!after) continue;
      one.log(which).fetching(now_);
      refs_.push_back(history_ref(one, which));
      transmit({refs_.back(),
                frame::History{one.id, which, std::nullopt, *after, options_.history_page}},
               out);
    }
  }

  void tell_cursors(ClientEffects& out) {
    if (!cursors_due_ || now_ < *cursors_due_) return;
    cursors_due_.reset();
    for (ClientConversation& one : conversations_) {
      if (!std::exchange(one.cursor_moved, false)) continue;
      transmit({{}, frame::Delivered{one.id, one.log(Log::public_log).position()}}, out);
    }
  }

  static void transmit(ClientFrame frame, ClientEffects& out) {
    out.push_back(client_effect::Transmit{std::move(frame)});
  }

  // ---- small things

  ClientConversation& find_or_add(ConversationId id) {
    const auto at = std::ranges::find(conversations_, id, &ClientConversation::id);
    if (at != conversations_.end()) return *at;
    ClientConversationState fresh;
    fresh.id = id;
    ClientConversation& one = conversations_.emplace_back(std::move(fresh));
    // The server has not named it, so nothing is known of its log.
    if (state_ == State::attached) one.begin(session_, true, window_, nullptr, options_.staff);
    return one;
  }

  const ClientOptions options_;
  State state_ = State::stopped;
  Instant now_;
  Instant welcomed_at_;
  Instant due_;  // connecting, greeting, waiting: when to give up or try again

  std::string token_;
  SessionId session_;
  std::uint64_t epoch_ = 0;
  std::uint64_t submitted_ = 0;
  std::uint64_t window_ = 1;
  unsigned hellos_ = 0;
  std::list<ClientConversation> conversations_;  // their addresses are kept while they are stepped
  std::list<std::string> refs_;                  // what Transmit effects of one call refer to
  std::optional<Instant> cursors_due_;
  std::optional<Nanoseconds> retry_after_;  // of the server, for the next attempt
  BackOff link_retry_;
  BackOff send_retry_;
};

}  // namespace kefu::inline v0::core
