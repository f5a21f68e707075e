#include "device.hpp"

#include <algorithm>
#include <utility>

#include "node.hpp"

namespace kefu::sim {
namespace {

namespace fx = core::client_effect;

std::string short_id(ConversationId id) { return std::to_string(id.lo & 0xffff); }

std::string describe(const frame::Send& send) {
  return std::string(send.log == Log::internal ? "note " : "send ") + short_id(send.conversation) +
         " cseq " + std::to_string(send.cseq) + " " + std::string(send.body.substr(0, 12));
}

}  // namespace

Device::Device(Surroundings& around, std::size_t number, Participant who, testing::Random random)
    : around_(around),
      number_(number),
      who_(std::move(who)),
      random_(random),
      decoder_(around.plan.bounds),
      socket_(around.network, around.loop, *this) {}

Device::~Device() { socket_.vanish(); }

void Device::trace(const std::string& what) const {
  if (around_.trace) around_.trace("device " + std::to_string(number_) + ": " + what);
}

// ---- the person

void Device::submit(ConversationId conversation, Log log, std::string kind, std::string text) {
  if (!machine_) return;
  trace("submits " + text.substr(0, 12) + " to " + short_id(conversation));
  core::ClientEffects effects;
  const std::uint64_t id =
      machine_->submit(conversation, log, std::move(kind), text, around_.loop.now(), effects);
  around_.checker.on_submitted(number_, {conversation, log}, id, text);
  carry_out(effects);
  // It died before it had saved the message: the person knows that it is gone.
  if (disk_.submitted < id) around_.checker.on_forgotten(number_, id);
}

void Device::open(std::string department) {
  if (opening_ || who_.role != Role::visitor) return;
  opening_ = Opening{{0xc0, (std::uint64_t{number_} + 1) << 8 | ++opened_}, std::move(department)};
  ask_to_open();
}

void Device::ask_to_open() {
  if (!opening_ || !attached()) return;
  trace("opens " + short_id(opening_->id));
  transmit({"open", frame::Open{opening_->id, opening_->department, "subject"}});
  flush();
}

void Device::close(ConversationId conversation) {
  if (!attached()) return;
  trace("closes " + short_id(conversation));
  transmit({"close", frame::Change{frame::Change::What::close, conversation, {}}});
  flush();
}

// ---- what befalls it

void Device::power_on() {
  if (machine_) return;
  ++starts_;
  armed_.reset();
  core::ClientOptions options;
  options.seed = random_.next();
  options.staff = is_staff(who_.role);
  options.history_page = random_.between(1, 50);
  trace("starts");
  around_.checker.on_started(number_, disk_);
  machine_.emplace(broken(disk_), options);
  step([this](core::ClientEffects& out) {
    machine_->start(token_of(who_), around_.loop.now(), out);
  });
}

// What a mutant makes of what was saved.
core::ClientState Device::broken(core::ClientState saved) const {
  for (core::ClientConversationState& one : saved.conversations) {
    if (around_.mutant == Mutant::resume_off_by_one && one.logs[0].position > 0)
      one.logs[0].searched = ++one.logs[0].position;
    for (core::PendingSend& send : one.pending) {
      if (around_.mutant != Mutant::no_reconcile || send.session == saved.session) continue;
      send.session = {};
      send.cseq = 0;
    }
  }
  return saved;
}

void Device::power_off() {
  if (!machine_) return;
  trace("is off");
  ++starts_;
  machine_.reset();
  outgoing_.clear();
  if (random_.chance(0.5)) {
    socket_.close();
  } else {
    socket_.vanish();
  }
}

void Device::send_stale() {
  if (!attached() || stale_.empty()) return;
  trace("sends something old again");
  socket_.send(stale_[random_.below(stale_.size())]);
}

void Device::reconnect() {
  if (!attached()) return;
  trace("reconnects");
  socket_.close();
  step(
      [this](core::ClientEffects& out) { machine_->on_closed(errc::ok, around_.loop.now(), out); });
}

void Device::copy_from(const Device& other) {
  around_.checker.on_copied(other.number_, number_);
  disk_ = other.disk_;
  for (core::ClientConversationState& one : disk_.conversations) one.pending.clear();
  known_ = other.known_;
}

// ---- the socket

void Device::on_opened() {
  sent_.clear();
  stale_.clear();
  step([this](core::ClientEffects& out) { machine_->on_opened(around_.loop.now(), out); });
}

void Device::on_closed(errc reason) {
  if (!machine_) return;
  trace("link closed: " + std::string(name(reason)));
  if (around_.mutant == Mutant::lost_acks_forged && attached()) forge_acks();
  step([&](core::ClientEffects& out) { machine_->on_closed(reason, around_.loop.now(), out); });
}

// Takes the first pending send of each conversation for stored.
void Device::forge_acks() {
  const core::ClientState state = machine_->snapshot();
  for (const core::ClientConversationState& one : state.conversations) {
    if (one.pending.empty() || one.pending.front().cseq == 0) continue;
    const core::PendingSend& send = one.pending.front();
    frame::Ack ack;
    ack.conversation = one.id;
    ack.log = send.log;
    ack.cseq = send.cseq;
    ack.seq = one.logs[static_cast<std::size_t>(send.log)].position + 1;
    step([&](core::ClientEffects& out) { machine_->on_frame({{}, ack}, around_.loop.now(), out); });
  }
}

void Device::on_message(std::string_view message) {
  const std::string padded = std::string(message) + std::string(Inbound::kSlack, '\0');
  decoder_.decode(std::string_view(padded).substr(0, message.size()), Inbound::kSlack, *this);
}

void Device::on_error(const wire::DecodeError& error) {
  around_.checker.fail(
      "device " + std::to_string(number_) +
      ": the server said something that is no frame: " + std::string(error.detail));
}

void Device::on_frame(const ServerFrame& frame) {
  if (!machine_) return;
  if (const auto* error = std::get_if<frame::Error>(&frame.body)) {
    trace("hears " + std::string(name(error->code)) + " " + std::string(frame.ref) +
          (error->cseq ? " cseq " + std::to_string(*error->cseq) : "") +
          (error->expected ? " expected " + std::to_string(*error->expected) : ""));
  }
  around_.checker.on_frame(number_, frame);
  step([&](core::ClientEffects& out) { machine_->on_frame(frame, around_.loop.now(), out); });
  if (machine_) heard(frame);
}

// The application's part of what comes.
void Device::heard(const ServerFrame& frame) {
  if (const auto* welcome = std::get_if<frame::Welcome>(&frame.body)) {
    for (const ConversationView& view : welcome->conversations) {
      known_.insert(view.id);
      trace("is told of " + short_id(view.id) + " up to " + std::to_string(view.tail));
    }
  } else if (const auto* joined = std::get_if<frame::Joined>(&frame.body)) {
    known_.insert(joined->conversation.id);
    if (frame.ref == "open") opening_.reset();
  } else if (const auto* offer = std::get_if<frame::Offer>(&frame.body)) {
    if (who_.role != Role::agent || !around_.at_work || !random_.chance(0.5)) return;
    transmit({"accept", frame::Change{frame::Change::What::accept, offer->conversation, {}}});
    flush();
  } else if (const auto* error = std::get_if<frame::Error>(&frame.body)) {
    if (frame.ref != "open" || !opening_) return;
    if (!is_retryable(error->code)) {
      around_.checker.fail("open failed: " + std::string(name(error->code)));
      return;
    }
    const std::uint64_t start = starts_;
    around_.loop.post_at(around_.loop.now() + Nanoseconds(500'000'000), [this, start] {
      if (start == starts_) ask_to_open();
    });
  }
}

// ---- the machine

template <class Call>
void Device::step(Call call) {
  if (!machine_) return;
  core::ClientEffects effects;
  call(effects);
  carry_out(effects);
}

void Device::carry_out(const core::ClientEffects& effects) {
  for (const core::ClientEffect& effect : effects) {
    if (around_.at_work && random_.chance(around_.plan.die_between)) {
      trace("dies between two effects");
      power_off();
      const std::uint64_t start = starts_;
      around_.loop.post_at(around_.loop.now() + Nanoseconds(1'000'000'000), [this, start] {
        if (start == starts_) power_on();
      });
      return;
    }
    std::visit([this](const auto& one) { this->carry_out(one); }, effect);
  }
  flush();
  arm();
}

void Device::arm() {
  if (!machine_) return;
  const std::optional<Instant> due = machine_->deadline();
  if (!due || (armed_ && *armed_ <= *due && *armed_ > around_.loop.now())) return;
  armed_ = std::max(*due, around_.loop.now() + Nanoseconds(1));
  around_.loop.post_at(*armed_, [this, start = starts_, when = *armed_] {
    if (start != starts_) return;
    if (armed_ == when) armed_.reset();
    step([this](core::ClientEffects& out) { machine_->on_tick(around_.loop.now(), out); });
  });
}

void Device::carry_out(const fx::Persist&) { save(); }

void Device::carry_out(const fx::Connect&) {
  testing::SimServer* const server = around_.server();
  server_ = server;
  if (server) return socket_.connect(*server);
  around_.loop.post([this, start = starts_] {
    if (start == starts_) on_closed(errc::unavailable);
  });
}

void Device::carry_out(const fx::Disconnect&) { socket_.close(); }

void Device::carry_out(const fx::Transmit& effect) { transmit(effect.frame); }

void Device::carry_out(const fx::Deliver& effect) {
  trace("reads " + std::string(name(effect.entry.log)) + " " + short_id(effect.entry.conversation) +
        "/" + std::to_string(effect.entry.seq) + (effect.own ? " (own) " : " ") +
        effect.entry.body.substr(0, 12));
  around_.checker.on_delivered(number_, effect.entry, effect.own);
  const auto sent = sent_.find(effect.entry.body);
  if (effect.own && sent != sent_.end()) stale_.push_back(sent->second);
  if (around_.plan.save_late > 0 && random_.chance(around_.plan.save_late)) {
    // Saving is allowed at any time, but what is saved is the machine after its whole step: the
    // effects of which have to be carried out first.
    around_.loop.post([this, start = starts_] {
      if (start == starts_ && machine_) save();
    });
  }
}

void Device::carry_out(const fx::Settled& effect) {
  trace("settled " + short_id(effect.conversation) + " #" + std::to_string(effect.id) + " " +
        std::string(name(effect.code)) + " " + std::to_string(effect.seq));
  around_.checker.on_settled(number_, effect.conversation, effect.id, effect.code, effect.seq);
}

void Device::carry_out(const fx::Reset& effect) {
  trace("reset " + short_id(effect.conversation) + " " + std::to_string(effect.from) + " to " +
        std::to_string(effect.tail));
  around_.checker.on_reset(number_, {effect.conversation, effect.log}, effect.from, effect.tail);
}

void Device::carry_out(const fx::Attached& effect) {
  trace(std::string(effect.resumed ? "resumed" : "new session") + " " +
        std::to_string(effect.session.lo & 0xffff));
  ask_to_open();
}

void Device::carry_out(const fx::Refused& effect) {
  around_.checker.fail("device " + std::to_string(number_) +
                       " was refused: " + std::string(name(effect.code)));
}

// ---- frames out

void Device::transmit(const ClientFrame& frame) {
  std::string text;
  wire::encode(frame, text);
  if (const auto* send = std::get_if<frame::Send>(&frame.body)) {
    trace(kefu::sim::describe(*send));
    sent_[std::string(send->body)] = text;
    around_.checker.on_sent(machine_->session(), send->conversation, send->cseq,
                            std::string(send->body));
    // But not where one may fail: its number is free again, those behind it move up, and must not
    // be in doubt twice.
    const bool fits = send->body.size() <= around_.plan.bounds.max_body;
    if (fits && random_.chance(around_.plan.duplicate) && around_.plan.bad_send == 0)
      outgoing_.push_back(text);
  } else if (const auto* hello = std::get_if<frame::Hello>(&frame.body)) {
    trace("hello epoch " + std::to_string(hello->epoch) + (hello->session ? " resume" : ""));
    around_.checker.on_hello(number_, hello->positions);
  }
  if (std::holds_alternative<frame::History>(frame.body)) trace(text);
  outgoing_.push_back(std::move(text));
}

/// Some go one by one, some as arrays.
void Device::flush() {
  std::vector<std::string> frames = std::exchange(outgoing_, {});
  std::size_t at = 0;
  while (at < frames.size()) {
    const std::size_t left = std::min<std::size_t>(frames.size() - at, 16);
    const std::size_t count = random_.chance(0.3) ? random_.between(1, left) : 1;
    if (count == 1) {
      socket_.send(std::move(frames[at]));
    } else {
      std::string all = "[";
      for (std::size_t i = at; i < at + count; ++i) all += (i == at ? "" : ",") + frames[i];
      socket_.send(all + "]");
    }
    at += count;
  }
}

// ---- at the end

std::string Device::unread() const {
  if (!machine_) return "is off";
  const core::ClientState state = machine_->snapshot();
  for (const core::ClientConversationState& one : state.conversations) {
    if (!around_.checker.admits(one.id, who_)) continue;  // it was given to somebody else
    for (const Log log : {Log::public_log, Log::internal}) {
      if (log == Log::internal && (!is_staff(who_.role) || !one.open)) continue;
      const std::uint64_t position = one.logs[static_cast<std::size_t>(log)].position;
      const std::uint64_t tail = around_.checker.tail({one.id, log});
      if (position != tail)
        return "has read " + short_id(one.id) + " " + std::string(name(log)) + " to " +
               std::to_string(position) + " of " + std::to_string(tail);
    }
  }
  return {};
}

std::string Device::describe() const {
  std::string out = "device " + std::to_string(number_) + " (" + token_of(who_) + ")";
  if (!machine_) return out + " off";
  return out + (attached() ? " attached" : " not attached") + ", " +
         std::to_string(machine_->pending()) + " pending" + (opening_ ? ", opening" : "");
}

}  // namespace kefu::sim
