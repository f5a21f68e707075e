#include "session.hpp"

#include <kefu/wire/records.hpp>

#include <algorithm>
#include <utility>

#include "network_of.hpp"
#include "prefetch.hpp"
#include "session_parts.hpp"

namespace kefu::inline v0::hub {
namespace {

constexpr std::size_t kConnectionSize = 128;          // about as much as sending uses of one
constexpr Nanoseconds kKeepAllowance{2'000'000'000};  // more than until it is full again

}  // namespace

Session::Session(Shard& shard, SessionRef ref, Connection& connection, Instant now)
    : shard_(shard), ref_(ref), connection_(&connection), greeting_(std::make_unique<Greeting>()) {
  greeting_->since = now;
}

Session::~Session() = default;

// ---- the connection

struct Session::Frames final : wire::Decoder::ClientHandler {
  explicit Frames(Session& session) : of(session) {}
  void on_frame(const ClientFrame& frame) override { of.on_frame(frame); }
  void on_error(const wire::DecodeError& error) override { of.on_error(error); }

  Session& of;
};

void Session::on_message(std::string_view message, std::size_t slack) {
  if (machine_.state() == core::Session::State::ended || stopping_) return;
  if (message.size() > shard_.bounds().max_frame)
    return on_error({errc::too_large, "message", {}, {}, {}});
  warm();
  Frames frames(*this);
  shard_.decoder().decode(message, slack, frames);
}

void Session::warm() const noexcept {
  prefetch(connection_, kConnectionSize);
  prefetch(memberships_.memory(), sizeof(Membership));
  prefetch(participant_rate_.get(), sizeof(Allowance));
  prefetch(address_rate_.get(), sizeof(Allowance));
}

void Session::on_writable() {
  if (!std::exchange(blocked_, false) || stopping_) return;
  if (!paused_) connection_->resume_reading();
  pump();
}

void Session::resume() {
  if (!std::exchange(paused_, false) || blocked_ || stopping_ || !connection_) return;
  if (machine_.state() != core::Session::State::ended) connection_->resume_reading();
}

bool Session::on_stopping() {
  if (machine_.state() == core::Session::State::ended || std::exchange(stopping_, true))
    return true;
  connection_->pause_reading();
  leave_if_settled();
  return true;
}

void Session::leave_if_settled() {
  if (!stopping_ || asked_ != 0 || machine_.in_flight() != 0) return;
  if (machine_.state() == core::Session::State::ended) return;
  frame::Error error;
  error.code = errc::shutting_down;
  const auto delay = std::chrono::duration_cast<Milliseconds>(shard_.reconnect_delay());
  error.retry_after = static_cast<std::uint64_t>(delay.count());
  send({{}, error});
  end(errc::shutting_down);
}

void Session::on_closed(errc /*reason*/) {
  connection_ = nullptr;
  machine_.enter(core::Session::State::ended);
  shard_.attend([this] { depart(); });
}

/// Without memory it is done again at the next tick.
void Session::depart() {
  for (; !memberships_.empty(); memberships_.pop_back()) {
    const ConversationId conversation = memberships_.back().conversation;
    shard_.send_home(conversation, mail::Leave{ref_, conversation});
  }
  if (seat_) shard_.attendance().depart(who_, id_, epoch_);
  if (holds_session()) shard_.discharge(*this);
  shard_.release(ref_);  // destroys this
}

void Session::give_up() noexcept {
  if (machine_.state() == core::Session::State::ended) return;
  machine_.enter(core::Session::State::ended);
  connection_->close(errc::overloaded);
}

bool Session::awaits_something() const noexcept {
  return asked_ != 0 || machine_.in_flight() != 0 || !gatherings_.empty();
}

void Session::end(errc reason) {
  if (machine_.state() == core::Session::State::ended) return;
  flush_ack();
  machine_.enter(core::Session::State::ended);
  connection_->close(reason);
}

void Session::send(SharedFrame frame) {
  if (machine_.state() == core::Session::State::ended) return;
  flush_ack();
  if (connection_->send(std::move(frame)) == SendStatus::backpressure) block();
}

void Session::block() {
  if (std::exchange(blocked_, true)) return;
  blocked_since_ = shard_.executor().now();
  blocked_bytes_ = static_cast<std::uint32_t>(connection_->buffered());
  connection_->pause_reading();
}

void Session::send(const ServerFrame& frame) {
  if (const auto* const error = std::get_if<frame::Error>(&frame.body))
    ++shard_.counters().refused[static_cast<std::size_t>(error->code)];
  send(shard_.encode(frame));
}

void Session::flush_ack() {
  core::AckRun* const run = shard_.find_ack_run(ack_run_, ref_);
  if (!run) return;
  if (const std::optional<frame::Ack> ack = run->take()) write(*ack);
}

void Session::write(const frame::Ack& ack) {
  if (connection_->send(shard_.encode_body(ack)) == SendStatus::backpressure) block();
}

void Session::fail(std::string_view ref, errc code, std::string_view detail) {
  frame::Error error;
  error.code = code;
  error.detail = detail;
  send({ref, error});
}

void Session::fail_send(const frame::Send& sent, errc code, std::string_view detail) {
  frame::Error error;
  error.code = code;
  error.detail = detail;
  error.conversation = sent.conversation;
  error.cseq = sent.cseq;
  send({shard_.frame_ref(), error});
}

std::string_view Session::take_token(Instant now) {
  if (!take_frame(rate_full_at_, now, shard_.frame_costs().connection)) return "frames_per_second";
  const std::string_view used_up = take_shared_token(now);
  if (used_up.empty()) flooding_ = false;
  return used_up;
}

std::string_view Session::take_shared_token(Instant now) {
  Context& context = shard_.context();
  const FrameCosts& costs = shard_.frame_costs();
  if (costs.participant.count() != 0 && attached()) {
    if (!participant_rate_) participant_rate_ = context.participants.hold(who_.id());
    if (!participant_rate_->take(now, costs.participant)) return "frames_per_second_of_participant";
  }
  if (costs.address.count() != 0 && !no_address_) {
    if (!address_rate_) {
      const std::string network = network_of(connection_->peer());
      no_address_ = network.empty();
      if (no_address_) return {};
      address_rate_ = context.addresses.hold(network);
    }
    if (!address_rate_->take(now, costs.address)) return "frames_per_second_of_address";
  }
  return {};
}

void Session::on_tick(Instant now, Timestamp wall) {
  if (!connection_) return depart();
  if (machine_.state() == core::Session::State::ended) return;
  if (greeting_ && now - greeting_->since > shard_.bounds().hello_timeout)
    return end(errc::timed_out);
  if (holds_session() && wall > expires_at_) return end(errc::token_expired);
  if (blocked_) {
    const auto bytes = static_cast<std::uint32_t>(connection_->buffered());
    if (bytes < blocked_bytes_) blocked_since_ = now;
    blocked_bytes_ = bytes;
    if (now - blocked_since_ > shard_.bounds().stall_timeout) return end(errc::slow);
  }
  if (std::exchange(retry_fetch_, false)) pump();
  for (Allowances::Handle* const rate : {&participant_rate_, &address_rate_}) {
    if (*rate && (*rate)->unused_for(kKeepAllowance, now)) *rate = {};
  }
}

// ---- frames

/// What can't be read counts as a frame. Above the rate it is not answered one for one, but where
/// it names what it is about: then somebody may wait for that.
void Session::on_error(const wire::DecodeError& error) {
  ++shard_.counters().frames;
  frame::Error answer;
  answer.code = error.code;
  answer.detail = error.detail;
  if (const auto used_up = take_token(shard_.turn_time()); !used_up.empty()) {
    const bool named = !error.ref.empty() || error.cseq;
    if (!named && std::exchange(flooding_, true)) return;
    answer.code = errc::rate_limited;
    answer.detail = used_up;
  }
  answer.conversation = error.conversation;
  answer.cseq = error.cseq;
  send({error.ref, answer});
}

void Session::on_frame(const ClientFrame& frame) {
  ++shard_.counters().frames;
  shard_.frame_ref() = frame.ref;
  if (const auto used_up = take_token(shard_.turn_time()); !used_up.empty()) {
    const auto* const sent = std::get_if<frame::Send>(&frame.body);
    return sent ? fail_send(*sent, errc::rate_limited, used_up)
                : fail(frame.ref, errc::rate_limited, used_up);
  }
  const bool is_hello = std::holds_alternative<frame::Hello>(frame.body);
  const errc admitted = is_hello ? machine_.admit_hello() : machine_.admit();
  if (admitted != errc::ok)
    return fail(frame.ref, admitted, is_hello ? "said already" : "hello comes first");
  std::visit([this](const auto& body) { on(body); }, frame.body);
}

void Session::on(const frame::Hello& hello) {
  Authenticator* const authenticator = shard_.context().authenticator.get();
  if (!authenticator) return fail(shard_.frame_ref(), errc::unauthenticated, "nobody may come in");
  if (hello.epoch == 0) return fail(shard_.frame_ref(), errc::bad_frame, "epoch");
  greeting_->ref = shard_.frame_ref();
  if (is_banned()) return;
  greeting_->session = hello.session;
  greeting_->epoch = hello.epoch;
  greeting_->positions = hello.positions;
  std::ranges::sort(greeting_->positions, {}, &Position::conversation);
  machine_.enter(core::Session::State::authenticating);
  authenticator->authenticate(hello.token, {connection_->peer(), connection_->subject()},
                              mine<result<Identity>>([](Session& self, result<Identity> identity) {
                                self.on_identity(std::move(identity));
                              }));
}

void Session::refuse_hello(errc code, std::string_view detail,
                           std::optional<std::uint64_t> current) {
  machine_.enter(core::Session::State::greeting);
  frame::Error error;
  error.code = code;
  error.detail = detail;
  error.current = current;
  send({greeting_->ref, error});
}

/// Of a network that was wrong too often. It comes back on another connection: on this one it could
/// go on guessing.
void Session::refuse_guesser() {
  frame::Error error;
  error.code = errc::rate_limited;
  error.detail = "token";
  const Caller caller{connection_->peer(), connection_->subject()};
  const auto wait = std::chrono::ceil<Milliseconds>(shard_.context().authenticator->wait(caller));
  if (wait.count() > 0) error.retry_after = static_cast<std::uint64_t>(wait.count());
  send({greeting_->ref, error});
  end(error.code);
}

void Session::on_identity(result<Identity> identity) {
  if (machine_.state() != core::Session::State::authenticating) return;
  if (!identity && identity.error() == errc::rate_limited) return refuse_guesser();
  if (!identity) return refuse_hello(identity.error(), "token");
  if (!is_plain_id(identity->participant.id, shard_.bounds().max_id))
    return refuse_hello(errc::denied, "participant id");
  who_ = Person(identity->participant.id, identity->participant.role);
  expires_at_ = identity->expires_at;
  verified_ = identity->verified;
  if (!is_banned()) attach();
}

/// Then it is told so, and ends.
bool Session::is_banned() {
  const BanSet& bans = shard_.bans();
  if (bans.empty()) return false;
  const Ban* const ban = bans.find(who_.id(), connection_->peer(), shard_.context().store.now());
  if (!ban) return false;
  if (greeting_) {
    shard_.context().acts.refused_login({connection_->peer(), connection_->subject()},
                                        code_of(Rule::banned), Rule::banned, who_.id());
  }
  frame::Error error;
  error.code = code_of(Rule::banned);
  error.rule = name(Rule::banned);
  error.detail = ban->reason;
  send({greeting_ ? std::string_view(greeting_->ref) : std::string_view(), error});
  end(error.code);
  return true;
}

void Session::on_bans() {
  if (connection_ && machine_.state() != core::Session::State::ended) (void)is_banned();
}

void Session::attach() {
  machine_.enter(core::Session::State::attaching);
  AttachRequest request;
  request.create = !greeting_->session;
  request.session = greeting_->session ? *greeting_->session : shard_.mint_session();
  request.participant = who_.participant();
  request.epoch = greeting_->epoch;
  const SessionId id = request.session;
  shard_.context().store.attach(std::move(request),
                                mine<AttachOutcome>([id](Session& self, AttachOutcome outcome) {
                                  if (self.machine_.state() != core::Session::State::attaching)
                                    return;
                                  if (outcome.code == errc::ok) self.id_ = id;
                                  self.on_attached(std::move(outcome));
                                }));
}

void Session::on_attached(AttachOutcome outcome) {
  switch (outcome.code) {
    case errc::ok:
      break;
    case errc::stale_epoch:
      return refuse_hello(outcome.code, "epoch", outcome.epoch);
    case errc::conflict:
      return refuse_hello(errc::unavailable, "session");  // a minted id was taken
    default:
      return refuse_hello(outcome.code, "session");
  }
  epoch_ = greeting_->epoch;
  marks_.clear();
  for (const Mark& mark : outcome.marks) marks_.push_back(mark);
  machine_.enter(core::Session::State::joining);
  shard_.tell_all(mail::Fence{id_, epoch_});
  shard_.enrol(*this);
  ScanRequest request;
  request.index = index::kOpenOf;
  request.prefix = index::of(who_.id());
  request.limit = shard_.bounds().max_list;
  shard_.context().store.scan(std::move(request),
                              mine<result<ScanPage>>([](Session& self, result<ScanPage> page) {
                                self.on_conversations(std::move(page));
                              }));
}

void Session::on_conversations(result<ScanPage> page) {
  if (machine_.state() != core::Session::State::joining) return;
  if (!page) return end(errc::unavailable);
  auto gathering = std::make_unique<Gathering>();
  gathering->purpose = Gathering::For::hello;
  gathering->ref = greeting_->ref;
  for (Record& record : page->records) {
    result<Conversation> decoded = wire::decode_conversation(record.value);
    if (!decoded || !decoded->admits(who_.role(), who_.id())) continue;
    gathering->items.push_back({{std::move(*decoded), record.version}});
  }
  start(std::move(gathering));
}

}  // namespace kefu::inline v0::hub
