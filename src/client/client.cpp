#include <kefu/client/client.hpp>
#include <kefu/core/back_off.hpp>
#include <kefu/wire/codec.hpp>

#include <algorithm>
#include <charconv>
#include <map>
#include <random>
#include <utility>
#include <variant>
#include <vector>

namespace kefu::inline v0::client {
namespace {

namespace fx = core::client_effect;

constexpr std::string_view kTokenRef = "kefu-token";
constexpr std::string_view kAskRef = "kefu-ask-";

/// Nothing when it is not that of something asked.
std::optional<std::uint64_t> number_of(std::string_view ref) {
  if (!ref.starts_with(kAskRef)) return std::nullopt;
  ref.remove_prefix(kAskRef.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(ref.data(), ref.data() + ref.size(), number);
  if (error != std::errc{} || end != ref.data() + ref.size()) return std::nullopt;
  return number;
}

std::uint64_t system_seed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

core::ClientOptions machine_options(const Options& options) {
  core::ClientOptions out = options.machine;
  out.seed = options.seed != 0 ? options.seed : system_seed();
  return out;
}

/// What the machine stops for and another token may cure.
bool is_about_token(errc code) {
  return code == errc::unauthenticated || code == errc::token_expired;
}

}  // namespace

struct Client::Impl final : LinkEvents, wire::Decoder::ServerHandler {
  Impl(Executor& with_executor, Link& with_link, PendingStore& with_store, Events& with_events,
       Options with)
      : executor(with_executor),
        link(with_link),
        store(with_store),
        events(with_events),
        options(std::move(with)),
        decoder(options.bounds),
        machine(store.load(), machine_options(options)),
        requests(options.requests),
        token_back_off(options.token_retry, options.token_retry_limit, system_seed()) {}

  ~Impl() {
    *alive = false;
    if (dirty) save();
    if (machine.state() != core::ClientSession::State::stopped) link.close();
    end_requests();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // ---- from the link

  void on_opened() override {
    step([this](core::ClientEffects& out) { machine.on_opened(executor.now(), out); });
  }
  void on_message(std::string_view message, std::size_t slack) override {
    decoder.decode(message, slack, *this);
  }
  void on_closed(errc reason) override {
    outgoing.clear();
    step([&](core::ClientEffects& out) { machine.on_closed(reason, executor.now(), out); });
    tell_detached(reason);
  }

  void on_frame(const ServerFrame& frame) override {
    if (machine.state() == core::ClientSession::State::stopped) return;
    events.on_frame(frame);
    on_answer(frame);
    if (frame.ref == kTokenRef && std::holds_alternative<frame::Error>(frame.body)) ask_later();
    step([&](core::ClientEffects& out) { machine.on_frame(frame, executor.now(), out); });
    tell_detached(errc::unavailable);
  }
  /// What the server says is not understood: the next connection may do better.
  void on_error(const wire::DecodeError& error) override {
    if (machine.state() == core::ClientSession::State::stopped) return;
    link.close();
    on_closed(error.code);
  }

  // ---- the machine

  template <class Call>
  void step(Call call) {
    core::ClientEffects effects;
    call(effects);
    // First what goes to the link: its texts last only until the machine's next call, which an
    // event may bring about.
    for (const core::ClientEffect& effect : effects) {
      std::visit([this](const auto& one) { this->carry_out(one); }, effect);
    }
    for (const core::ClientEffect& effect : effects) {
      std::visit([this](const auto& one) { this->tell(one); }, effect);
    }
    arm();
  }

  template <class Effect>
  void carry_out(const Effect& /*for the application*/) {}
  void carry_out(const fx::Persist&) {
    dirty = true;
    flush_later();
  }
  void carry_out(const fx::Connect&) { link.open(*this); }
  void carry_out(const fx::Disconnect&) {
    outgoing.clear();
    link.close();
  }
  void carry_out(const fx::Transmit& effect) { queue(effect.frame); }

  template <class Effect>
  void tell(const Effect& /*carried out already*/) {}
  void tell(const fx::Deliver& effect) {
    save_soon();
    events.on_entry(effect.entry, effect.own);
  }
  void tell(const fx::Settled& effect) { events.on_settled(effect); }
  void tell(const fx::Reset& effect) {
    save_soon();
    events.on_reset(effect);
  }
  void tell(const fx::Attached& effect) {
    told_attached = true;
    token_back_off.reset();
    requests.on_lost();  // what was said on an earlier connection
    say_requests();
    events.on_attached(effect.session, effect.resumed);
  }
  void tell(const fx::Refused& effect) {
    if (is_about_token(effect.code)) return ask_later();
    started = false;
    events.on_refused(effect.code);
  }
  void tell_detached(errc reason) {
    if (machine.state() == core::ClientSession::State::attached) return;
    if (std::exchange(told_attached, false)) events.on_detached(reason);
  }

  void arm() {
    const std::optional<Instant> due = machine.deadline();
    const Instant now = executor.now();
    if (!due || (armed && *armed <= *due && *armed > now)) return;
    armed = std::max(*due, now + Nanoseconds(1));
    at(*armed, [this, when = *armed] {
      if (armed == when) armed.reset();
      step([this](core::ClientEffects& out) { machine.on_tick(executor.now(), out); });
      tell_detached(errc::timed_out);
    });
  }

  // ---- what waits for an answer

  void ask(ClientFrame frame, Completion<const ServerFrame&> done) {
    const std::uint64_t number = ++last_asked;
    const std::string ref = std::string(kAskRef) + std::to_string(number);
    frame.ref = ref;
    if (requests.is_full()) {
      return executor.post([done = std::move(done)]() mutable { done(failure(errc::overloaded)); });
    }
    std::string message;
    wire::encode(frame, message);
    requests.add(number, std::move(message));
    asked.emplace(number, std::move(done));
    say_requests();
  }
  void on_answer(const ServerFrame& frame) {
    const std::optional<std::uint64_t> number = number_of(frame.ref);
    if (!number) return;
    const auto* const error = std::get_if<frame::Error>(&frame.body);
    if (!requests.on_answer(*number, error ? error->code : errc::ok, executor.now()))
      return say_requests();
    const auto at = asked.find(*number);
    Completion<const ServerFrame&> done = std::move(at->second);
    asked.erase(at);
    done(frame);
  }
  void say_requests() {
    if (machine.state() != core::ClientSession::State::attached) return;
    for (const std::string_view message : requests.due(executor.now())) {
      outgoing.emplace_back(message);
      flush_later();
    }
    const std::optional<Instant> next = requests.wakes_at();
    if (!next || (says_at && *says_at <= *next)) return;
    says_at = next;
    at(*next, [this, when = *next] {
      if (says_at == when) says_at.reset();
      say_requests();
    });
  }
  void end_requests() {
    requests.clear();
    for (auto& [number, done] : std::exchange(asked, {})) done(failure(errc::shutting_down));
  }
  static ServerFrame failure(errc code) {
    frame::Error error;
    error.code = code;
    return {{}, error};
  }

  // ---- what is saved before it is sent

  void queue(const ClientFrame& frame) {
    wire::encode(frame, outgoing.emplace_back());
    flush_later();
  }
  /// At the end of the turn: all that a turn brings is saved once and written once.
  void flush_later() {
    if (std::exchange(flush_posted, true)) return;
    executor.post([this, lives = alive] {
      if (!*lives) return;
      flush_posted = false;
      flush();
    });
  }
  void flush() {
    if (dirty && !save()) return;
    for (std::string& message : std::exchange(outgoing, {})) link.send(std::move(message));
  }
  bool save() {
    const errc saved = store.save(machine.snapshot());
    if (saved == errc::ok) {
      dirty = store_failed = false;
      return true;
    }
    // What is not saved must not be sent. The next connection begins with a save, and so tries
    // again.
    outgoing.clear();
    if (!*alive) return false;
    if (!std::exchange(store_failed, true)) events.on_store_failed(saved);
    if (machine.state() == core::ClientSession::State::stopped) return false;
    link.close();
    on_closed(errc::unavailable);
    return false;
  }
  void save_soon() {
    if (std::exchange(save_posted, true)) return;
    at(executor.now() + options.save_positions, [this] {
      save_posted = false;
      dirty = true;
      flush_later();
    });
  }

  // ---- tokens

  void ask() {
    if (!started || std::exchange(asking, true)) return;
    if (!options.token) return on_token(Token{});
    options.token([this, lives = alive, to = &executor](result<Token> token) mutable {
      to->post([this, lives = std::move(lives), token = std::move(token)]() mutable {
        if (*lives) on_token(std::move(token));
      });
    });
  }
  void ask_later() {
    at(executor.now() + token_back_off.next(), [this] { ask(); });
  }
  void on_token(result<Token> token) {
    asking = false;
    if (!started) return;
    if (!token) return ask_later();
    if (token->valid_for) renew_after(*token->valid_for * 4 / 5);
    if (told_attached) queue({kTokenRef, frame::Token{token->text}});
    step([&](core::ClientEffects& out) {
      machine.start(std::move(token->text), executor.now(), out);
    });
  }
  void renew_after(Nanoseconds time) {
    at(executor.now() + time, [this, number = ++renewals] {
      if (number == renewals) ask();
    });
  }

  template <class F>
  void at(Instant when, F f) {
    executor.post_at(when, [lives = alive, f = std::move(f)]() mutable {
      if (*lives) f();
    });
  }

  Executor& executor;
  Link& link;
  PendingStore& store;
  Events& events;
  const Options options;
  wire::Decoder decoder;
  core::ClientSession machine;
  core::ClientRequests requests;
  core::BackOff token_back_off;
  const std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // read on the executor only

  std::map<std::uint64_t, Completion<const ServerFrame&>> asked;  // by the number of a request
  std::uint64_t last_asked = 0;
  std::optional<Instant> says_at;     // requests that wait for their time
  std::vector<std::string> outgoing;  // messages of this turn
  std::optional<Instant> armed;
  std::uint64_t renewals = 0;
  bool started = false;
  bool asking = false;
  bool told_attached = false;
  bool dirty = false;  // there is something to save
  bool store_failed = false;
  bool flush_posted = false;
  bool save_posted = false;
};

Client::Client(Executor& executor, Link& link, PendingStore& store, Events& events, Options options)
    : impl_(std::make_unique<Impl>(executor, link, store, events, std::move(options))) {}
Client::~Client() = default;

void Client::start() {
  if (std::exchange(impl_->started, true)) return;
  impl_->ask();
}

void Client::stop() {
  impl_->started = impl_->told_attached = false;
  ++impl_->renewals;
  impl_->step([this](core::ClientEffects& out) { impl_->machine.stop(out); });
  impl_->flush();
  impl_->end_requests();
}

std::uint64_t Client::send(ConversationId conversation, std::string body, std::string kind, Log log,
                           std::string traceparent) {
  std::uint64_t id = 0;
  impl_->step([&](core::ClientEffects& out) {
    id = impl_->machine.submit(conversation, log, std::move(kind), std::move(body),
                               impl_->executor.now(), out, std::move(traceparent));
  });
  return id;
}

bool Client::transmit(const ClientFrame& frame) {
  if (!attached()) return false;
  impl_->queue(frame);
  return true;
}

void Client::ask(ClientFrame frame, Completion<const ServerFrame&> done) {
  impl_->ask(std::move(frame), std::move(done));
}

bool Client::attached() const noexcept {
  return impl_->machine.state() == core::ClientSession::State::attached;
}

std::size_t Client::pending() const { return impl_->machine.pending(); }

std::uint64_t Client::submitted() const { return impl_->machine.snapshot().submitted; }

SessionId Client::session() const noexcept { return impl_->machine.session(); }

}  // namespace kefu::inline v0::client
