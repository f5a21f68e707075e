// Peer: a client that may say anything, and knows what it may be told.
#pragma once

#include <kefu/testing/sim_network.hpp>
#include <kefu/wire/codec.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fuzz/hub_truth.hpp"

namespace kefu::fuzz {

/// Their tokens are their names.
inline const Participant kPeople[] = {{"v0", Role::visitor},
                                      {"v1", Role::visitor},
                                      {"a0", Role::agent},
                                      {"a1", Role::agent},
                                      {"s0", Role::supervisor}};

class Peer final : testing::SimSocket::Events,
                   wire::Decoder::ServerHandler,
                   wire::Decoder::ClientHandler {
 public:
  Peer(Truth& truth, testing::SimNetwork& network, Executor& loop, const limits& bounds)
      : truth_(truth), bounds_(bounds), decoder_(bounds), socket_(network, loop, *this) {}
  ~Peer() { socket_.vanish(); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // ---- the link

  void connect(testing::SimServer& server) {
    forget();
    socket_.connect(server);
  }
  void close() {
    forget();
    socket_.close();
  }
  void vanish() {
    forget();
    socket_.vanish();
  }
  void cut(Nanoseconds late) {
    cut_ = true;
    socket_.cut(late);
  }
  void pause() { socket_.pause(); }
  void resume() { socket_.resume(); }

  // ---- what it says

  void say(const ClientFrame& frame) {
    std::string text;
    wire::encode(frame, text);
    transmit(std::move(text));
  }
  /// Whatever it is; what of it are frames is taken note of, as the Hub will. But no two hellos of
  /// a connection have one `ref`: the welcome must tell which it answers.
  void transmit(std::string message) {
    if (!open_) return;
    if (message.size() <= bounds_.max_frame) {
      HelloScan scan;
      decoder_.decode(message, 0, static_cast<wire::Decoder::ClientHandler&>(scan));
      for (const std::string& ref : scan.refs) {
        if (hellos_.contains(ref) || std::ranges::count(scan.refs, ref) > 1) return;
      }
      decoder_.decode(message, 0, static_cast<wire::Decoder::ClientHandler&>(*this));
    }
    trace("says", message);
    socket_.send(std::move(message));
  }

  [[nodiscard]] bool open() const noexcept { return open_; }
  [[nodiscard]] const std::vector<SessionId>& sessions() const noexcept { return sessions_; }
  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }

  /// When nothing fails any more, and everything has had its time: everything was answered, and
  /// everything read.
  void at_rest() {
    if (!attached_ || cut_) return;
    for (const auto& [key, count] : unanswered_)
      require(count <= 0, "every send is answered while its connection lasts");
    for (const auto& [ref, count] : asked_) require(count == 0, "every question is answered once");
    for (const auto& [where, position] : positions_) {
      const auto other = others_.find(where);
      const std::uint64_t furthest = std::max(position, other == others_.end() ? 0 : other->second);
      require(furthest >= truth_.tail(where.first, where.second), "a reader reaches the tail");
    }
  }

 private:
  using Where = std::pair<ConversationId, Log>;

  struct HelloScan final : wire::Decoder::ClientHandler {
    void on_frame(const ClientFrame& frame) override {
      if (std::holds_alternative<frame::Hello>(frame.body)) refs.emplace_back(frame.ref);
    }
    void on_error(const wire::DecodeError& /*ours*/) override {}
    std::vector<std::string> refs;
  };
  struct Greeting {
    Participant who;
    std::uint64_t epoch = 0;
    std::map<Where, std::uint64_t> positions;
  };

  void forget() {
    open_ = attached_ = cut_ = false;
    session_ = {};
    positions_.clear();
    others_.clear();
    hellos_.clear();
    greeting_ = {};
    unanswered_.clear();
    asked_.clear();
  }

  /// With KEFU_TRACE in the environment, what is said and heard goes to stderr.
  void trace(const char* what, std::string_view message) const {
    static const bool wanted = std::getenv("KEFU_TRACE") != nullptr;
    if (wanted)
      std::fprintf(stderr, "%p %s %.*s\n", static_cast<const void*>(this), what,
                   static_cast<int>(message.size()), message.data());
  }

  // ---- its own frames

  void on_frame(const ClientFrame& frame) override {
    if (const auto* hello = std::get_if<frame::Hello>(&frame.body)) {
      hellos_[std::string(frame.ref)] = greeting(*hello);
      return;
    }
    const auto* const send = std::get_if<frame::Send>(&frame.body);
    if (!attached_) {
      // The Hub may have let it in, and it has not heard of it yet.
      for (const auto& [ref, hello] : hellos_) {
        if (send)
          truth_.on_sent_early(send->conversation, send->cseq, hello.who,
                               {send->log, std::string(send->kind), std::string(send->body)});
      }
      return;
    }
    if (send) {
      truth_.on_sent({session_, send->conversation, send->cseq}, who_,
                     {send->log, std::string(send->kind), std::string(send->body)});
      unanswered_[{send->conversation, send->cseq}] = 1;
      return;
    }
    const bool answered = std::holds_alternative<frame::Open>(frame.body) ||
                          std::holds_alternative<frame::History>(frame.body) ||
                          std::holds_alternative<frame::List>(frame.body) ||
                          std::holds_alternative<frame::SetPresence>(frame.body) ||
                          std::holds_alternative<frame::Change>(frame.body) ||
                          std::holds_alternative<frame::Transfer>(frame.body) ||
                          std::holds_alternative<frame::Hold>(frame.body) ||
                          std::holds_alternative<frame::Watch>(frame.body) ||
                          std::holds_alternative<frame::Token>(frame.body);
    if (answered && !frame.ref.empty()) ++asked_[std::string(frame.ref)];
  }
  void on_error(const wire::DecodeError& /*ours*/) override {}

  static Greeting greeting(const frame::Hello& hello) {
    Greeting out;
    out.epoch = hello.epoch;
    for (const Participant& who : kPeople) {
      if (hello.token == who.id) out.who = who;
    }
    for (const Position& at : hello.positions) {
      // Of several for one conversation, which counts is the Hub's to choose: the fuzzer makes
      // none.
      out.positions.try_emplace({at.conversation, Log::public_log}, at.seq);
      out.positions.try_emplace({at.conversation, Log::internal}, at.internal);
    }
    return out;
  }

  // ---- what it hears

  void on_opened() override { open_ = true; }
  void on_closed(errc reason) override {
    trace("is closed:", name(reason));
    forget();
  }
  void on_message(std::string_view message) override {
    trace("hears", message);
    decoder_.decode(message, 0, static_cast<wire::Decoder::ServerHandler&>(*this));
  }

  void on_frame(const ServerFrame& frame) override {
    std::visit([&](const auto& body) { this->hear(frame.ref, body); }, frame.body);
  }

  void answer(std::string_view ref) {
    if (const auto at = asked_.find(std::string(ref)); at != asked_.end()) --at->second;
  }

  template <class Body>
  void hear(std::string_view ref, const Body& /*other*/) {
    require(attached_, "nothing comes before the welcome");
    answer(ref);
  }
  void hear(std::string_view ref, const frame::Welcome& welcome) {
    const auto hello = hellos_.find(std::string(ref));
    require(hello != hellos_.end() && !attached_, "one welcome, and that to a hello");
    greeting_ = hello->second;
    who_ = greeting_.who;
    epoch_ = greeting_.epoch;
    require(!who_.id.empty(), "nobody gets in without a token");
    require(welcome.epoch == epoch_, "the welcome names the epoch");
    attached_ = true;
    session_ = welcome.session;
    if (sessions_.empty() || sessions_.back() != session_) sessions_.push_back(session_);
    for (const ConversationView& view : welcome.conversations) begin(view, true);
  }
  void hear(std::string_view ref, const frame::Joined& joined) {
    require(attached_, "nothing comes before the welcome");
    answer(ref);
    begin(joined.conversation, false);
  }
  void hear(std::string_view /*ref*/, const frame::Ack& ack) {
    require(attached_, "an ack is for somebody who is attached");
    require(ack.count >= 1 && ack.count <= ack.cseq && ack.count <= ack.seq, "an ack is a run");
    for (std::uint64_t left = ack.count; left-- > 0;) {
      const std::optional<Entry> entry = truth_.entry(ack.conversation, ack.log, ack.seq - left);
      require(entry.has_value(), "what is acknowledged is stored");
      require(entry->origin == Origin{session_, ack.cseq - left}, "and it is that very send");
      --unanswered_[{ack.conversation, ack.cseq - left}];
    }
    if (!ack.stands) return;
    const auto at = find({ack.conversation, ack.log}, ack.seq - ack.count);
    if (at != positions_.end() && ack.seq - ack.count == at->second) at->second = ack.seq;
  }
  void hear(std::string_view /*ref*/, const frame::EntryFrame& entry) {
    const auto at = find({entry.conversation, entry.log}, entry.seq - 1);
    require(at != positions_.end(), "entries follow the welcome or the joining");
    require(entry.seq == at->second + 1, "entries come in order, without a hole");
    at->second = entry.seq;
    compare(entry);
  }
  void hear(std::string_view ref, const frame::HistoryPage& page) {
    answer(ref);
    require(page.tail <= truth_.tail(page.conversation, page.log), "a tail is not invented");
    std::uint64_t last = 0;
    for (const frame::EntryFrame& entry : page.entries) {
      require(last == 0 || entry.seq == last + 1, "a page has no hole");
      last = entry.seq;
      compare(entry);
    }
  }
  void hear(std::string_view /*ref*/, const frame::Reset& reset) {
    const auto at = positions_.find({reset.conversation, reset.log});
    require(at != positions_.end() && reset.tail > at->second, "a reset leads forwards");
    require(reset.tail - at->second > bounds_.replay_limit, "and only who is too far behind");
    require(reset.tail <= truth_.tail(reset.conversation, reset.log), "and to what is there");
    at->second = reset.tail;
  }
  void hear(std::string_view ref, const frame::Error& error) {
    answer(ref);
    if (error.conversation && error.cseq) --unanswered_[{*error.conversation, *error.cseq}];
    require(error.code != errc::ok && error.code != errc::corrupt &&
                error.code != errc::store_failed && error.code != errc::session_gone,
            "an error that may happen here");
  }

  /// The position in a log; where it may be one of two, the one that fits.
  std::map<Where, std::uint64_t>::iterator find(Where where, std::uint64_t before) {
    const auto at = positions_.find(where);
    const auto other = others_.find(where);
    if (at != positions_.end() && other != others_.end() && at->second != before &&
        other->second == before)
      at->second = before;
    return at;
  }

  void begin(const ConversationView& view, bool welcome) {
    require(truth_.admits(view.id, who_), "only one's own conversations are told");
    require(view.internal_tail == 0 || is_staff(who_.role), "notes are the staff's");
    for (const Log log : {Log::public_log, Log::internal}) {
      std::uint64_t from = 0;
      if (log == Log::internal && !is_staff(who_.role)) continue;
      const auto told = greeting_.positions.find({view.id, log});
      if (told != greeting_.positions.end()) from = told->second;
      const auto [at, fresh] = positions_.try_emplace({view.id, log}, welcome ? from : 0);
      // One that is joined while the session is being attached may go on from hello's position.
      if (fresh && from != at->second) others_[{view.id, log}] = from;
    }
  }

  void compare(const frame::EntryFrame& frame) {
    require(truth_.admits(frame.conversation, who_), "only one's own conversations are read");
    require(frame.log == Log::public_log || is_staff(who_.role), "notes are the staff's");
    const std::optional<Entry> entry = truth_.entry(frame.conversation, frame.log, frame.seq);
    require(entry.has_value(), "what is delivered is stored");
    require(entry->body == frame.body && entry->kind == frame.kind && entry->from == frame.from &&
                entry->role == frame.role && entry->at == frame.at && entry->after == frame.after,
            "and is that entry");
    const bool own = entry->from == who_.id && !entry->origin.session.is_nil();
    require(frame.origin.has_value() == own, "whoever wrote it, and nobody else, is told the send");
    require(!own || *frame.origin == entry->origin, "the send it was");
  }

  Truth& truth_;
  const limits& bounds_;
  wire::Decoder decoder_;
  testing::SimSocket socket_;

  Participant who_;
  std::vector<SessionId> sessions_;
  std::uint64_t epoch_ = 0;

  bool open_ = false;
  bool attached_ = false;
  bool cut_ = false;
  SessionId session_;
  std::map<Where, std::uint64_t> positions_;
  std::map<Where, std::uint64_t> others_;
  std::map<std::string, Greeting> hellos_;  // by ref
  Greeting greeting_;                       // the one that was answered
  std::map<std::pair<ConversationId, std::uint64_t>, int> unanswered_;
  std::map<std::string, int> asked_;
};

}  // namespace kefu::fuzz
