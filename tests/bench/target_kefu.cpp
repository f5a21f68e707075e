// kefu.v1, as wire/PROTOCOL.md has it: hello and resume, open and accept, send and ack, positions.
#include <kefu/auth.hpp>
#include <kefu/net/websocket_frame.hpp>
#include <kefu/wire/codec.hpp>

#include <charconv>
#include <chrono>
#include <random>
#include <stdexcept>
#include <unordered_map>

#include "target.hpp"

namespace bench {
namespace {

namespace frame = kefu::frame;

// Every agent who is connected gets an offer of every conversation: with all of them there at once,
// getting ready would take offers in the square of their number. So they accept in turns of so
// many.
constexpr std::uint32_t kAgentsAtOnce = 64;
constexpr double kPause = 0.05;        // seconds, after an error that says: try again
constexpr std::uint32_t kWindow = 32;  // until `welcome` has told
constexpr std::size_t kPadding = kefu::net::websocket::kPadding;

class Kefu final : public Target, private kefu::wire::Decoder::ServerHandler {
 public:
  explicit Kefu(const Parts& parts);

  void prepare() override;
  [[nodiscard]] std::string_view token(const Link& link) const override {
    return sessions_[link.index].token;
  }
  std::string request_target(const Link&) override { return parts_.options.path; }
  void on_open(Link& link) override;
  void on_text(Link& link, std::string_view text) override;
  void write(Flow& flow, std::uint32_t number, std::string_view body) override;
  void write_delivered(Flow& flow) override;
  [[nodiscard]] std::uint32_t window() const override { return window_; }

 private:
  struct Session {
    std::string token;
    kefu::SessionId id;
    std::uint64_t epoch = 0;
    std::vector<std::uint32_t> flows;
    std::uint32_t joined = 0;
  };
  struct Conversation {
    kefu::ConversationId id;
    bool joined_by_visitor = false;
    bool joined_by_agent = false;
    std::uint64_t at_visitor = 0;  // positions in the public log
    std::uint64_t at_agent = 0;
  };

  void on_frame(const kefu::ServerFrame& frame) override {
    std::visit([this](const auto& body) { on(body); }, frame.body);
  }
  void on_error(const kefu::wire::DecodeError& error) override {
    parts_.load.violation("not understood: " + std::string(error.detail));
  }
  void on(const frame::Welcome& welcome);
  void on(const frame::Joined& joined);
  void on(const frame::Offer& offer);
  void on(const frame::Queue&) {}
  void on(const frame::Agents&) {}
  void on(const frame::Left&) {}
  void on(const frame::About&) {}
  void on(const frame::Tickets&) {}
  void on(const frame::Found&) {}
  void on(const frame::Ack& ack);
  void on(const frame::EntryFrame& entry);
  void on(const frame::Error& error);
  void on(const frame::Reset&) { parts_.load.violation("reset"); }
  void on(const frame::Receipt&) {}
  void on(const frame::OfferGone&) {}
  void on(const frame::TypingState&) {}
  void on(const frame::HistoryPage&) {}
  void on(const frame::Listed&) {}
  void on(const frame::Done&) {}

  void check_view(const kefu::ConversationView& view);
  void open(std::uint32_t visitor);
  [[nodiscard]] kefu::ConversationId conversation_id(std::uint32_t visitor);
  [[nodiscard]] bool here_is_visitor() const { return parts_.load.is_visitor(*link_); }
  [[nodiscard]] Session& session() { return sessions_[link_->index]; }
  /// The flow of a conversation that this link takes part in; null, and a violation, if there is
  /// none.
  Flow* flow_of(kefu::ConversationId id);
  void send(Link& link, const kefu::ClientFrame& frame);

  Parts parts_;
  std::vector<Session> sessions_;            // by link
  std::vector<Conversation> conversations_;  // by flow
  std::unordered_map<kefu::ConversationId, std::uint32_t> flow_by_id_;
  kefu::wire::Decoder decoder_;
  std::mt19937_64 random_{std::random_device{}()};
  std::string text_;
  Link* link_ = nullptr;  // whose message is being handled
  std::uint32_t window_ = kWindow;
};

Kefu::Kefu(const Parts& parts)
    : parts_(parts),
      sessions_(parts.engine.size()),
      conversations_(parts.load.visitors()),
      decoder_(kefu::limits{}) {
  const auto in_a_day = std::chrono::system_clock::now() + std::chrono::hours(24);
  const kefu::Timestamp expires{
      std::chrono::duration_cast<std::chrono::nanoseconds>(in_a_day.time_since_epoch()).count()};
  for (std::uint32_t i = 0; i < sessions_.size(); ++i) {
    const Link& link = parts.engine.link(i);
    const auto role = parts.load.is_visitor(link) ? kefu::Role::visitor : kefu::Role::agent;
    sessions_[i].token =
        kefu::sign_jwt_hs256(parts.options.secret, {{parts.load.name(link), role}, expires});
  }
  for (const Flow& flow : parts.load.flows()) {
    sessions_[flow.visitor].flows.push_back(flow.index);
    sessions_[flow.agent].flows.push_back(flow.index);
  }
}

void Kefu::send(Link& link, const kefu::ClientFrame& frame) {
  text_.clear();
  kefu::wire::encode(frame, text_);
  parts_.engine.send(link, text_);
}

// ---- getting ready

void Kefu::prepare() {
  Engine& engine = parts_.engine;
  Load& load = parts_.load;
  const auto need = [&](const char* what, auto done) {
    if (!engine.run_until(parts_.options.connect_timeout, done))
      throw std::runtime_error(std::string(what) + ": not in time; " + engine.last_failure + " " +
                               load.faults.first_violation);
  };
  std::uint32_t visitors = 0;
  for (std::uint32_t first = 0; first < load.agents(); first += kAgentsAtOnce) {
    const std::uint32_t end = std::min(load.agents(), first + kAgentsAtOnce);
    for (std::uint32_t j = first; j < end; ++j) engine.open(engine.link(load.visitors() + j));
    need("agents", [&] { return engine.ready_links() == visitors + end - first; });
    std::uint32_t joins = 0;
    for (std::uint32_t j = first; j < end; ++j) {
      for (const std::uint32_t flow : sessions_[load.visitors() + j].flows) {
        engine.open(engine.link(flow));
        ++visitors;
        ++joins;
      }
    }
    need("conversations", [&] {
      std::uint32_t joined = 0;
      for (std::uint32_t j = first; j < end; ++j) joined += sessions_[load.visitors() + j].joined;
      return engine.ready_links() == visitors + end - first && joined == joins;
    });
    for (std::uint32_t j = first; j < end; ++j) engine.cut(engine.link(load.visitors() + j));
  }
}

void Kefu::on_open(Link& link) {
  Session& session = sessions_[link.index];
  const bool visitor = parts_.load.is_visitor(link);
  frame::Hello hello;
  hello.token = session.token;
  hello.epoch = ++session.epoch;
  if (!session.id.is_nil()) hello.session = session.id;
  for (const std::uint32_t flow : session.flows) {
    const Conversation& conversation = conversations_[flow];
    if (!(visitor ? conversation.joined_by_visitor : conversation.joined_by_agent)) continue;
    hello.positions.push_back(
        {conversation.id, visitor ? conversation.at_visitor : conversation.at_agent, 0});
  }
  send(link, {{}, std::move(hello)});
}

void Kefu::on(const frame::Welcome& welcome) {
  Session& own = session();
  if (welcome.resumed != !own.id.is_nil()) parts_.load.violation("not resumed");
  own.id = welcome.session;
  window_ = static_cast<std::uint32_t>(welcome.limits.window);
  std::size_t known = 0;
  for (const std::uint32_t flow : own.flows) {
    const Conversation& conversation = conversations_[flow];
    known += here_is_visitor() ? conversation.joined_by_visitor : conversation.joined_by_agent;
  }
  if (welcome.conversations.size() != known)
    parts_.load.violation("welcome has other conversations than were joined");
  for (const kefu::ConversationView& view : welcome.conversations) check_view(view);
  if (!here_is_visitor()) return parts_.engine.ready(*link_);
  if (known == 0) return open(link_->index);
  // What was on the way when the link was cut is sent again, unchanged.
  Flow& flow = parts_.load.flows()[link_->index];
  flow.written = flow.accepted;
  parts_.engine.touch(*link_);
  parts_.engine.ready(*link_);
}

/// What the server once acknowledged or delivered must still be there.
void Kefu::check_view(const kefu::ConversationView& view) {
  const Flow* const flow = flow_of(view.id);
  if (!flow) return;
  const Conversation& conversation = conversations_[flow->index];
  const std::uint64_t position =
      here_is_visitor() ? conversation.at_visitor : conversation.at_agent;
  if (view.tail < position) parts_.load.violation("the log is shorter than what was read");
  if (here_is_visitor() && view.accepted_cseq < flow->accepted)
    parts_.load.violation("an acknowledged send is not known any more");
}

kefu::ConversationId Kefu::conversation_id(std::uint32_t visitor) {
  if (parts_.options.mode == Mode::prepare)  // 00000000-0000-7000-8000-, then the number
    return {0x7000, 0x8000'0000'0000'0000 | visitor};
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
  return kefu::make_uuid_v7<kefu::ConversationId>(static_cast<std::uint64_t>(ms), random_(),
                                                  random_());
}

void Kefu::open(std::uint32_t visitor) {
  frame::Open open;
  open.id = conversation_id(visitor);
  conversations_[visitor].id = open.id;
  flow_by_id_[open.id] = visitor;
  send(*link_, {{}, open});
}

/// To its own visitors' agent alone: the offers go to all of them.
void Kefu::on(const frame::Offer& offer) {
  const auto at = flow_by_id_.find(offer.conversation);
  if (at == flow_by_id_.end() || parts_.load.flows()[at->second].agent != link_->index) return;
  send(*link_, {{}, frame::Change{frame::Change::What::accept, offer.conversation, {}}});
}

void Kefu::on(const frame::Joined& joined) {
  Flow* const flow = flow_of(joined.conversation.id);
  if (!flow) return;
  Conversation& conversation = conversations_[flow->index];
  if (here_is_visitor()) {
    conversation.joined_by_visitor = true;
    parts_.engine.ready(*link_);
  } else if (!std::exchange(conversation.joined_by_agent, true)) {
    ++session().joined;
  }
}

// ---- messages

void Kefu::on_text(Link& link, std::string_view text) {
  link_ = &link;
  decoder_.decode(text, kPadding, *this);
}

Flow* Kefu::flow_of(kefu::ConversationId id) {
  const auto at = flow_by_id_.find(id);
  Flow* const flow = at == flow_by_id_.end() ? nullptr : &parts_.load.flows()[at->second];
  if (flow && (flow->visitor == link_->index || flow->agent == link_->index)) return flow;
  parts_.load.violation("a conversation of somebody else");
  return nullptr;
}

void Kefu::write(Flow& flow, std::uint32_t number, std::string_view body) {
  frame::Send out;
  out.conversation = conversations_[flow.index].id;
  out.cseq = number;
  out.body = body;
  send(parts_.engine.link(flow.visitor), {{}, out});
}

void Kefu::write_delivered(Flow& flow) {
  send(parts_.engine.link(flow.agent),
       {{}, frame::Delivered{conversations_[flow.index].id, flow.server_seq}});
}

void Kefu::on(const frame::Ack& ack) {
  Flow* const flow = flow_of(ack.conversation);
  if (!flow) return;
  // An ack stands for the entries in their place; any other answers a retry.
  std::uint64_t& position = conversations_[flow->index].at_visitor;
  if (ack.stands && ack.seq - ack.count == position) position = ack.seq;
  if (ack.cseq - ack.count > flow->accepted) parts_.load.violation("an ack left a send out");
  parts_.load.accepted(*flow, static_cast<std::uint32_t>(ack.cseq));
}

void Kefu::on(const frame::EntryFrame& entry) {
  Flow* const flow = flow_of(entry.conversation);
  if (!flow || entry.log != kefu::Log::public_log) return;
  Conversation& conversation = conversations_[flow->index];
  std::uint64_t& position = here_is_visitor() ? conversation.at_visitor : conversation.at_agent;
  const bool own = entry.origin && entry.origin->session == session().id;
  if (own) parts_.load.accepted(*flow, static_cast<std::uint32_t>(entry.origin->cseq));
  // The ack of a retry may have moved the position over an own entry that the log brings after it.
  if (entry.seq <= position && !own) parts_.load.violation("an entry below the position");
  if (entry.seq > position + 1) parts_.load.violation("an entry was left out");
  position = std::max(position, entry.seq);
  if (!here_is_visitor()) parts_.load.received(*link_, entry.body, entry.seq);
}

void Kefu::on(const frame::Error& error) {
  if (error.code == kefu::errc::stale_epoch && error.current) {
    session().epoch = *error.current;
    return on_open(*link_);
  }
  const bool again = kefu::is_retryable(error.code) || error.code == kefu::errc::gap;
  if (again && error.conversation && error.cseq) {
    if (Flow* const flow = flow_of(*error.conversation)) {
      const std::uint64_t from = error.expected.value_or(*error.cseq);
      parts_.load.rewind(*flow, static_cast<std::uint32_t>(from), kPause);
    }
    return;
  }
  parts_.load.violation(std::string(kefu::name(error.code)) + " " + std::string(error.detail));
}

}  // namespace

std::unique_ptr<Target> make_kefu(const Parts& parts) { return std::make_unique<Kefu>(parts); }

}  // namespace bench
