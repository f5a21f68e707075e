#include "session.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <kefu/wire/records.hpp>
#include <utility>

#include "shard.hpp"

namespace kefu::hub {
namespace {

constexpr std::uint32_t kFetchesAtOnce = 4;  // pages in flight for one session

/// Of what the client sent, so that the same cseq with other content is found out. Stable across
/// versions: it is stored.
std::uint64_t digest_of(const frame::Send& send) {
  const std::uint64_t seed =
      XXH3_64bits_withSeed(send.kind.data(), send.kind.size(), static_cast<XXH64_hash_t>(send.log));
  return XXH3_64bits_withSeed(send.body.data(), send.body.size(), seed);
}

bool is_plain_id(std::string_view text, std::size_t max) {
  return !text.empty() && text.size() <= max && std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
}

bool reaches(const core::Reader& reader, std::uint64_t seq) { return seq == reader.position() + 1; }

/// Leaves the last entries with seq < before whose bodies sum up to at most `max_bytes`, and at
/// least one.
void keep_last_before(std::vector<Entry>& entries, std::uint64_t before, std::size_t max_bytes) {
  while (!entries.empty() && entries.back().seq >= before) entries.pop_back();
  std::size_t bytes = 0;
  std::size_t first = entries.size();
  while (first > 0 &&
         (first == entries.size() || bytes + entries[first - 1].body.size() <= max_bytes)) {
    bytes += entries[--first].body.size();
  }
  entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(first));
}

}  // namespace

struct Session::Gathering {
  enum class For : std::uint8_t { hello, join, list };
  struct Item {
    VersionedConversation conversation;
    std::uint64_t tails[2] = {0, 0};  // by Log
    std::uint8_t missing = 0;         // tails still to be read
    bool joined = false;              // the home shard delivers to this session
  };

  std::uint64_t number = 0;
  For purpose = For::join;
  std::string ref;
  std::string next;  // list
  std::vector<Item> items;
  std::size_t missing = 0;  // items not complete
};

struct Session::Greeting {
  Instant since;
  std::string ref;
  std::optional<SessionId> session;
  std::uint64_t epoch = 0;
  std::vector<Position> positions;
  // Which began while the session's conversations were being looked up, and may have been missed.
  std::vector<VersionedConversation> enlisted;
};

template <class... Args, class F>
Completion<Args...> Session::mine(F f) {
  return shard_.here<Args...>(
      [shard = &shard_, ref = ref_, f = std::move(f)](Args... args) mutable {
        if (Session* const session = shard->find(ref)) f(*session, std::move(args)...);
      });
}

Session::Session(Shard& shard, SessionRef ref, Connection& connection, Instant now)
    : shard_(shard),
      ref_(ref),
      connection_(&connection),
      greeting_(std::make_unique<Greeting>()),
      last_refill_(now),
      tokens_(static_cast<double>(shard.bounds().frames_per_second)) {
  greeting_->since = now;
}

Session::~Session() = default;

// ---- the connection

void Session::on_message(std::string_view message, std::size_t slack) {
  if (machine_.state() == core::Session::State::ended) return;
  if (message.size() > shard_.bounds().max_frame) return fail({}, errc::too_large, "message");
  shard_.decoder().decode(message, slack, *this);
}

void Session::on_writable() {
  if (!std::exchange(blocked_, false)) return;
  connection_->resume_reading();
  pump();
}

void Session::on_closed(errc /*reason*/) {
  connection_ = nullptr;
  machine_.enter(core::Session::State::ended);
  for (const Membership& membership : memberships_) {
    shard_.send_home(membership.conversation, mail::Leave{ref_, membership.conversation});
  }
  if (holds_session()) shard_.discharge(*this);
  shard_.release(ref_);  // destroys this
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
  blocked_bytes_ = connection_->buffered();
  connection_->pause_reading();
}

void Session::send(const ServerFrame& frame) { send(shard_.encode(frame)); }

void Session::flush_ack() {
  const std::optional<frame::Ack> ack = machine_.flush_ack();
  if (ack && connection_->send(shard_.encode_body(*ack)) == SendStatus::backpressure) block();
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
  send({frame_ref_, error});
}

bool Session::take_token(Instant now) {
  const auto rate = static_cast<double>(shard_.bounds().frames_per_second);
  const double elapsed = std::chrono::duration<double>(now - last_refill_).count();
  last_refill_ = now;
  tokens_ = std::min(rate, tokens_ + elapsed * rate);
  if (tokens_ < 1) return false;
  tokens_ -= 1;
  return true;
}

void Session::on_tick(Instant now, Timestamp wall) {
  if (machine_.state() == core::Session::State::ended) return;
  if (greeting_ && now - greeting_->since > shard_.bounds().hello_timeout)
    return end(errc::timed_out);
  if (holds_session() && wall > identity_.expires_at) return end(errc::token_expired);
  if (blocked_) {
    const std::size_t bytes = connection_->buffered();
    if (bytes < blocked_bytes_) blocked_since_ = now;
    blocked_bytes_ = bytes;
    if (now - blocked_since_ > shard_.bounds().stall_timeout) return end(errc::slow);
  }
  if (std::exchange(retry_fetch_, false)) pump();
}

// ---- frames

void Session::on_error(const wire::DecodeError& error) {
  frame::Error answer;
  answer.code = error.code;
  answer.detail = error.detail;
  answer.conversation = error.conversation;
  answer.cseq = error.cseq;
  send({error.ref, answer});
}

void Session::on_frame(const ClientFrame& frame) {
  frame_ref_ = frame.ref;
  if (!take_token(shard_.executor().now())) {
    const auto* const sent = std::get_if<frame::Send>(&frame.body);
    return sent ? fail_send(*sent, errc::rate_limited, "frames_per_second")
                : fail(frame.ref, errc::rate_limited, "frames_per_second");
  }
  const bool is_hello = std::holds_alternative<frame::Hello>(frame.body);
  const errc admitted = is_hello ? machine_.admit_hello() : machine_.admit();
  if (admitted != errc::ok)
    return fail(frame.ref, admitted, is_hello ? "said already" : "hello comes first");
  std::visit([this](const auto& body) { on(body); }, frame.body);
}

void Session::on(const frame::Hello& hello) {
  Authenticator* const authenticator = shard_.context().authenticator.get();
  if (!authenticator) return fail(frame_ref_, errc::unauthenticated, "nobody may come in");
  if (hello.epoch == 0) return fail(frame_ref_, errc::bad_frame, "epoch");
  greeting_->ref = frame_ref_;
  greeting_->session = hello.session;
  greeting_->epoch = hello.epoch;
  greeting_->positions = hello.positions;
  std::ranges::sort(greeting_->positions, {}, &Position::conversation);
  machine_.enter(core::Session::State::authenticating);
  authenticator->authenticate(hello.token, connection_->peer(),
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

void Session::on_identity(result<Identity> identity) {
  if (machine_.state() != core::Session::State::authenticating) return;
  if (!identity) return refuse_hello(identity.error(), "token");
  if (!is_plain_id(identity->participant.id, shard_.bounds().max_id))
    return refuse_hello(errc::denied, "participant id");
  identity_ = std::move(*identity);
  attach();
}

void Session::attach() {
  machine_.enter(core::Session::State::attaching);
  AttachRequest request;
  request.create = !greeting_->session;
  request.session = greeting_->session ? *greeting_->session : shard_.mint_session();
  request.participant = identity_.participant;
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
  marks_ = std::move(outcome.marks);
  machine_.enter(core::Session::State::joining);
  shard_.tell_all(mail::Fence{id_, epoch_});
  shard_.enrol(*this);
  ScanRequest request;
  request.index = index::kOpenOf;
  request.prefix = index::of(identity_.participant.id);
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
    if (!decoded || !decoded->admits(identity_.participant.role, identity_.participant.id))
      continue;
    gathering->items.push_back({{std::move(*decoded), record.version}, {0, 0}, 0, false});
  }
  start(std::move(gathering));
}

// ---- conversations on their way to being read

void Session::enlist(const VersionedConversation& conversation) {
  if (greeting_) {
    greeting_->enlisted.push_back(conversation);
  } else if (attached() && !find(conversation.record.id)) {
    join(conversation, {});
  }
}

void Session::join(VersionedConversation conversation, std::string ref) {
  auto gathering = std::make_unique<Gathering>();
  gathering->ref = std::move(ref);
  gathering->items.push_back({std::move(conversation), {0, 0}, 0, false});
  start(std::move(gathering));
}

Session::Membership& Session::member(ConversationId conversation) {
  auto at = std::ranges::lower_bound(memberships_, conversation, {}, &Membership::conversation);
  if (at != memberships_.end() && at->conversation == conversation) return *at;
  Membership membership;
  membership.conversation = conversation;
  if (greeting_) {
    const auto known =
        std::ranges::lower_bound(greeting_->positions, conversation, {}, &Position::conversation);
    if (known != greeting_->positions.end() && known->conversation == conversation) {
      membership.readers[0] = core::Reader(known->seq);
      membership.readers[1] = core::Reader(known->internal);
    }
  }
  return *memberships_.insert(at, membership);
}

void Session::start(std::unique_ptr<Gathering> gathering) {
  gathering->number = ++last_gathering_;
  gathering->missing = gathering->items.size();
  if (gathering->items.empty()) return finish(std::move(gathering));
  gatherings_.push_back(std::move(gathering));
  Gathering& started = *gatherings_.back();
  for (std::size_t i = 0; i < started.items.size(); ++i) {
    Gathering::Item& item = started.items[i];
    if (started.purpose == Gathering::For::list) {
      item.joined = true;
      read_tails(started, i);
      continue;
    }
    member(item.conversation.record.id);
    shard_.send_home(item.conversation.record.id,
                     mail::Join{ref_, identity_.participant.id, staff(), item.conversation});
  }
}

void Session::on_joined(ConversationId conversation) {
  for (const auto& gathering : gatherings_) {
    for (std::size_t i = 0; i < gathering->items.size(); ++i) {
      Gathering::Item& item = gathering->items[i];
      if (item.conversation.record.id != conversation || std::exchange(item.joined, true)) continue;
      read_tails(*gathering, i);
    }
  }
}

void Session::read_tails(Gathering& gathering, std::size_t item) {
  const std::uint64_t number = gathering.number;
  gathering.items[item].missing = staff() ? 2 : 1;
  for (Log log : {Log::public_log, Log::internal}) {
    if (log == Log::internal && !staff()) continue;
    ReadRequest request;
    request.conversation = gathering.items[item].conversation.record.id;
    request.log = log;
    shard_.context().store.read(
        request, mine<result<Page>>([number, item, log](Session& self, result<Page> page) {
          self.on_tail(number, item, log, std::move(page));
        }));
  }
}

void Session::on_tail(std::uint64_t number, std::size_t item, Log log, result<Page> page) {
  const auto at = std::ranges::find(gatherings_, number,
                                    [](const auto& gathering) { return gathering->number; });
  if (at == gatherings_.end()) return;
  Gathering& gathering = **at;
  if (!page) {
    const std::unique_ptr<Gathering> failed = std::move(*at);
    gatherings_.erase(at);
    // A conversation that should be read but can't: the client comes back and finds everything
    // where it left it.
    return failed->purpose == Gathering::For::list ? fail(failed->ref, page.error(), "store")
                                                   : end(errc::unavailable);
  }
  gathering.items[item].tails[static_cast<std::size_t>(log)] = page->tail;
  if (--gathering.items[item].missing != 0 || --gathering.missing != 0) return;
  std::unique_ptr<Gathering> complete = std::move(*at);
  gatherings_.erase(at);
  finish(std::move(complete));
}

void Session::finish(std::unique_ptr<Gathering> gathering) {
  if (machine_.state() == core::Session::State::ended) return;
  std::vector<VersionedConversation> enlisted;
  switch (gathering->purpose) {
    case Gathering::For::hello:
      enlisted = std::move(greeting_->enlisted);
      finish_hello(*gathering);
      break;
    case Gathering::For::join:
      send({gathering->ref, frame::Joined{views(*gathering).front()}});
      break;
    case Gathering::For::list:
      return send({gathering->ref, frame::Listed{views(*gathering), gathering->next}});
  }
  begin_reading(*gathering);
  for (const VersionedConversation& conversation : enlisted) enlist(conversation);
}

void Session::finish_hello(const Gathering& gathering) {
  frame::Welcome welcome;
  welcome.session = id_;
  welcome.epoch = epoch_;
  welcome.resumed = greeting_->session.has_value();
  welcome.limits = {shard_.bounds().window, shard_.bounds().max_frame, shard_.bounds().max_body};
  welcome.conversations = views(gathering);
  machine_.enter(core::Session::State::attached);
  greeting_.reset();
  send({gathering.ref, std::move(welcome)});
  if (identity_.participant.role != Role::visitor) scan_offers();
}

void Session::begin_reading(const Gathering& gathering) {
  for (const Gathering::Item& item : gathering.items) {
    Membership& membership = member(item.conversation.record.id);
    membership.ready = true;
    for (Log log : {Log::public_log, Log::internal}) {
      const auto which = static_cast<std::size_t>(log);
      react(membership, log,
            membership.readers[which].on_tail(item.tails[which], blocked_,
                                              shard_.bounds().replay_limit));
    }
  }
}

std::vector<ConversationView> Session::views(const Gathering& gathering) const {
  std::vector<ConversationView> views;
  views.reserve(gathering.items.size());
  for (const Gathering::Item& item : gathering.items) {
    const Conversation& record = item.conversation.record;
    views.push_back({record.id, record.state, record.visitor, record.department, record.subject,
                     item.tails[0], item.tails[1], accepted(record.id), record.opened_at});
  }
  return views;
}

std::uint64_t Session::accepted(ConversationId conversation) const {
  std::uint64_t accepted = 0;
  const auto mark = std::ranges::find(marks_, conversation, &Mark::conversation);
  if (mark != marks_.end()) accepted = mark->accepted;
  const auto at =
      std::ranges::lower_bound(memberships_, conversation, {}, &Membership::conversation);
  if (at != memberships_.end() && at->conversation == conversation)
    accepted = std::max(accepted, at->accepted);
  return accepted;
}

/// Everything that waits for an agent; what is queued from now on comes by itself.
void Session::scan_offers() {
  ScanRequest request;
  request.index = index::kQueue;
  request.limit = shard_.bounds().max_list;
  shard_.context().store.scan(
      std::move(request), mine<result<ScanPage>>([](Session& self, result<ScanPage> page) {
        if (!page) return;
        for (const Record& record : page->records) {
          const result<Conversation> waiting = wire::decode_conversation(record.value);
          if (!waiting) continue;
          self.send({{},
                     frame::Offer{waiting->id, waiting->visitor, waiting->department,
                                  waiting->subject, waiting->opened_at}});
        }
      }));
}

// ---- reading

Session::Membership* Session::find(ConversationId conversation) {
  const auto at =
      std::ranges::lower_bound(memberships_, conversation, {}, &Membership::conversation);
  return at != memberships_.end() && at->conversation == conversation ? &*at : nullptr;
}

void Session::react(Membership& membership, Log log, core::Reader::Action action) {
  core::Reader& reader = membership.readers[static_cast<std::size_t>(log)];
  switch (action) {
    case core::Reader::Action::none:
    case core::Reader::Action::deliver:
      break;
    case core::Reader::Action::fetch:
      fetch(membership, log);
      break;
    case core::Reader::Action::reset:
      send({{}, frame::Reset{membership.conversation, log, reader.position(), "replay_limit"}});
      break;
  }
}

void Session::fetch(Membership& membership, Log log) {
  core::Reader& reader = membership.readers[static_cast<std::size_t>(log)];
  if (fetches_ == kFetchesAtOnce)
    return reader.on_page_failed();  // its turn comes with the end of another page
  ++fetches_;
  ReadRequest request;
  request.conversation = membership.conversation;
  request.log = log;
  request.after = reader.position();
  request.max_entries = shard_.bounds().page_entries;
  request.max_bytes = shard_.bounds().page_bytes;
  shard_.context().store.read(request, mine<result<Page>>([id = membership.conversation, log](
                                                              Session& self, result<Page> page) {
                                self.on_page(id, log, std::move(page));
                              }));
}

void Session::on_page(ConversationId conversation, Log log, result<Page> page) {
  --fetches_;
  Membership* const membership = find(conversation);
  if (!membership || machine_.state() == core::Session::State::ended) return;
  core::Reader& reader = membership->readers[static_cast<std::size_t>(log)];
  if (!page) {
    reader.on_page_failed();
    retry_fetch_ = true;
    return;
  }
  for (const Entry& entry : page->entries) {
    if (reader.on_page_entry(entry.seq, blocked_) != core::Reader::Action::deliver) continue;
    ++shard_.counters().delivered;
    send(shard_.encode_body(frame::of(entry, entry.from == participant().id)));
  }
  react(*membership, log, reader.on_page_end(page->tail, blocked_, shard_.bounds().replay_limit));
  pump();
}

void Session::pump() {
  for (Membership& membership : memberships_) {
    if (!membership.ready) continue;
    for (Log log : {Log::public_log, Log::internal}) {
      if (blocked_ || fetches_ == kFetchesAtOnce) return;
      core::Reader& reader = membership.readers[static_cast<std::size_t>(log)];
      react(membership, log, reader.next(blocked_, shard_.bounds().replay_limit));
    }
  }
}

void Session::on_delivery(const Delivery& delivery) {
  switch (delivery.what) {
    case Delivery::What::entry:
      return on_entry(delivery);
    case Delivery::What::ack:
      return on_ack(delivery);
    case Delivery::What::failed:
      return on_failed(delivery);
    case Delivery::What::signal:
      if (attached() && !blocked_) send(delivery.frame);
  }
}

void Session::on_entry(const Delivery& delivery) {
  Membership* const membership = find(delivery.conversation);
  if (!membership) return;
  const bool hold = blocked_ || !membership->ready;
  const core::Reader::Action action =
      membership->readers[static_cast<std::size_t>(delivery.log)].on_entry(delivery.seq, hold);
  if (action == core::Reader::Action::deliver) {
    ++shard_.counters().delivered;
    return send(delivery.frame);
  }
  react(*membership, delivery.log, action);
}

/// The ack stands for the entry where the entry would be next; elsewhere it only tells the outcome,
/// and the entry comes with its page.
void Session::on_ack(const Delivery& delivery) {
  machine_.on_outcome(delivery.conversation, delivery.cseq);
  if (machine_.state() == core::Session::State::ended) return;
  const frame::Ack ack{
      delivery.conversation, delivery.log, delivery.cseq, delivery.seq, 1, delivery.at};
  if (const std::optional<frame::Ack> before = machine_.on_ack(ack)) {
    if (connection_->send(shard_.encode_body(*before)) == SendStatus::backpressure) block();
  } else {
    shard_.ack_later(ref_);
  }
  ++shard_.counters().delivered;
  Membership* const membership = find(delivery.conversation);
  if (!membership) return;
  membership->accepted = std::max(membership->accepted, delivery.cseq);
  core::Reader& reader = membership->readers[static_cast<std::size_t>(delivery.log)];
  const bool hold = !membership->ready || (blocked_ && !reaches(reader, delivery.seq));
  react(*membership, delivery.log, reader.on_entry(delivery.seq, hold));
}

void Session::on_failed(const Delivery& delivery) {
  machine_.on_outcome(delivery.conversation, delivery.cseq);
  if (delivery.code == errc::fenced) return end(errc::superseded);
  if (delivery.code == errc::session_expired) return end(errc::session_expired);
  if (is_refusal(delivery.code)) {
    if (Membership* const membership = find(delivery.conversation)) {
      membership->accepted = std::max(membership->accepted, delivery.cseq);
    }
  }
  frame::Error error;
  error.code = delivery.code;
  error.conversation = delivery.conversation;
  error.cseq = delivery.cseq;
  if (delivery.code == errc::gap) error.expected = delivery.expected;
  send({{}, error});
}

// ---- requests

void Session::on(const frame::Send& sent) {
  if (sent.cseq == 0) return fail_send(sent, errc::bad_frame, "cseq");
  const std::uint64_t digest = digest_of(sent);
  switch (machine_.on_send(sent.conversation, sent.cseq, digest, shard_.bounds().window)) {
    case core::Session::Send::submit:
      break;
    case core::Session::Send::in_flight:
      return;
    case core::Session::Send::conflict:
      return fail_send(sent, errc::conflict, "in flight with other content");
    case core::Session::Send::full:
      return fail_send(sent, errc::overloaded, "window");
  }
  Draft draft;
  draft.session = id_;
  draft.epoch = epoch_;
  draft.conversation = sent.conversation;
  draft.cseq = sent.cseq;
  draft.digest = digest;
  draft.log = sent.log;
  draft.role = identity_.participant.role;
  const bool denied = is_reserved_kind(sent.kind) || (sent.log == Log::internal && !staff());
  draft.refusal = denied ? errc::denied : errc::ok;
  draft.tag = ref_.pack();
  draft.from = identity_.participant.id;
  draft.kind = sent.kind;
  draft.body = sent.body;
  if (shard_.submit(draft)) return;
  machine_.on_outcome(sent.conversation, sent.cseq);
  fail_send(sent, errc::overloaded, "pending_drafts");
}

void Session::on(const frame::Token& token) {
  shard_.context().authenticator->authenticate(
      token.token, connection_->peer(),
      mine<result<Identity>>(
          [ref = std::string(frame_ref_)](Session& self, result<Identity> identity) {
            if (!identity) return self.fail(ref, identity.error(), "token");
            if (identity->participant != self.identity_.participant)
              return self.fail(ref, errc::unauthenticated, "another participant");
            self.identity_.expires_at = identity->expires_at;
            self.send({ref, frame::Done{}});
          }));
}

void Session::answer(result<VersionedConversation> joined, std::string ref) {
  if (!joined) return fail(ref, joined.error(), "conversation");
  join(std::move(*joined), std::move(ref));
}

void Session::on(const frame::Open& open) {
  if (identity_.participant.role != Role::visitor)
    return fail(frame_ref_, errc::denied, "visitors open conversations");
  Hub::OpenRequest request;
  request.id = open.id;
  request.visitor = identity_.participant.id;
  request.department = open.department;
  request.subject = open.subject;
  if (!request.department.empty() && !is_plain_id(request.department, shard_.bounds().max_id)) {
    return fail(frame_ref_, errc::bad_frame, "department");
  }
  shard_.desk().open(std::move(request),
                     mine<result<VersionedConversation>>(
                         [ref = std::string(frame_ref_)](Session& self, auto opened) mutable {
                           self.answer(std::move(opened), std::move(ref));
                         }));
}

void Session::on(const frame::Accept& accept) {
  if (identity_.participant.role != Role::agent)
    return fail(frame_ref_, errc::denied, "agents accept conversations");
  shard_.desk().accept(accept.conversation, identity_.participant,
                       mine<result<VersionedConversation>>(
                           [ref = std::string(frame_ref_)](Session& self, auto accepted) mutable {
                             self.answer(std::move(accepted), std::move(ref));
                           }));
}

void Session::on(const frame::Close& close) {
  shard_.desk().close(close.conversation, identity_.participant,
                      mine<result<VersionedConversation>>(
                          [ref = std::string(frame_ref_)](Session& self, auto closed) {
                            if (!closed) return self.fail(ref, closed.error(), "conversation");
                            self.send({ref, frame::Done{}});
                          }));
}

void Session::on(const frame::Delivered& delivered) {
  frame::Receipt receipt{delivered.conversation, identity_.participant.id, delivered.seq,
                         std::nullopt};
  signal(delivered.conversation, {{}, receipt});
}

void Session::on(const frame::Read& read) {
  frame::Receipt receipt{read.conversation, identity_.participant.id, std::nullopt, read.seq};
  signal(read.conversation, {{}, receipt});
}

void Session::on(const frame::SetTyping& typing) {
  signal(typing.conversation,
         {{}, frame::TypingState{typing.conversation, identity_.participant.id, typing.on}});
}

void Session::signal(ConversationId conversation, const ServerFrame& frame) {
  const Membership* const membership = find(conversation);
  if (!membership || !membership->ready) return fail(frame_ref_, errc::not_found, "conversation");
  shard_.send_home(conversation, mail::Signal{ref_, conversation, shard_.encode(frame)});
}

void Session::on(const frame::History& history) {
  if (history.before.has_value() == history.after.has_value())
    return fail(frame_ref_, errc::bad_frame, "before, after");
  if (history.log == Log::internal && !staff()) return fail(frame_ref_, errc::not_found, "log");
  const std::size_t limit = std::min<std::size_t>(history.limit, shard_.bounds().max_history);
  const std::uint64_t before = history.before.value_or(0);
  const std::uint64_t after =
      history.after ? *history.after : before - std::min<std::uint64_t>(before, limit + 1);
  shard_.desk().look_up(
      history.conversation, identity_.participant,
      mine<result<VersionedConversation>>(
          [id = history.conversation, log = history.log, after, limit, before = history.before,
           ref = std::string(frame_ref_)](Session& self, auto found) mutable {
            if (!found) return self.fail(ref, found.error(), "conversation");
            self.read_history(id, log, after, before, limit, std::move(ref));
          }));
}

void Session::read_history(ConversationId id, Log log, std::uint64_t after,
                           std::optional<std::uint64_t> before, std::size_t limit,
                           std::string ref) {
  ReadRequest request;
  request.conversation = id;
  request.log = log;
  request.after = after;
  request.max_entries = limit;
  // A page before an entry must reach it: it is cut at its other end, below.
  request.max_bytes = before ? limit * shard_.bounds().max_body : shard_.bounds().page_bytes;
  shard_.context().store.read(
      request, mine<result<Page>>([id, log, before, limit, ref = std::move(ref)](
                                      Session& self, result<Page> page) mutable {
        if (!page) return self.fail(ref, page.error(), "store");
        if (before && *before > page->tail + 1) {
          // Counted from beyond the end: the last entries begin elsewhere.
          const std::uint64_t end = page->tail + 1;
          return self.read_history(id, log, end - std::min<std::uint64_t>(end, limit + 1), end,
                                   limit, std::move(ref));
        }
        frame::HistoryPage answer;
        answer.conversation = id;
        answer.log = log;
        answer.tail = page->tail;
        if (before) keep_last_before(page->entries, *before, self.shard_.bounds().page_bytes);
        for (const Entry& entry : page->entries) {
          answer.entries.push_back(frame::of(entry, entry.from == self.participant().id));
        }
        self.send({ref, std::move(answer)});
      }));
}

void Session::on(const frame::List& list) {
  ScanRequest request;
  request.index = index::kAllOf;
  request.prefix = index::of(identity_.participant.id);
  request.after = list.after;
  request.limit = std::clamp<std::size_t>(list.limit, 1, shard_.bounds().max_list);
  shard_.context().store.scan(
      std::move(request),
      mine<result<ScanPage>>([ref = std::string(frame_ref_)](Session& self, result<ScanPage> page) {
        if (!page) return self.fail(ref, page.error(), "list");
        auto gathering = std::make_unique<Gathering>();
        gathering->purpose = Gathering::For::list;
        gathering->ref = ref;
        gathering->next = std::move(page->next);
        for (Record& record : page->records) {
          result<Conversation> decoded = wire::decode_conversation(record.value);
          if (!decoded ||
              !decoded->admits(self.identity_.participant.role, self.identity_.participant.id))
            continue;
          gathering->items.push_back({{std::move(*decoded), record.version}, {0, 0}, 0, false});
        }
        self.start(std::move(gathering));
      }));
}

}  // namespace kefu::hub
