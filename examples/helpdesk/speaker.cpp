#include "speaker.hpp"

#include <kefu/core/desk_command.hpp>
#include <kefu/model/frame.hpp>
#include <kefu/transport.hpp>

#include <utility>

namespace helpdesk {
namespace {

using kefu::errc;

constexpr kefu::Nanoseconds kTokenLife{60'000'000'000};
constexpr std::uint64_t kFirstEpoch = 1;
constexpr std::uint64_t kFirst = 1;  // cseq
constexpr int kGreetings = 3;        // another one may have greeted in between

/// Of the session, which is no concern of the caller's: the same again finds out.
errc outcome_of(errc code) {
  switch (code) {
    case errc::stale_epoch:
    case errc::fenced:
    case errc::superseded:
    case errc::session_expired:
    case errc::session_gone:
      return errc::unavailable;
    default:
      return code;
  }
}

}  // namespace

/// A connection within this process: what the hub sends is read at once, and only what settles the
/// message counts.
class Speaker::Line final : public kefu::Connection, private kefu::wire::Decoder::ServerHandler {
 public:
  Line(Speaker& speaker, std::shared_ptr<Saying> what, kefu::Completion<Said> done)
      : speaker_(speaker), what_(std::move(what)), done_(std::move(done)) {}

  void open() {
    inbound_ = &speaker_.hub_.accepted(*this);
    greet();
  }

  kefu::SendStatus send(kefu::SharedFrame frame) override {
    if (closed_) return kefu::SendStatus::closed;
    speaker_.decoder_.decode(frame.text(), 0, *this);
    // The bot's conversations are not read here.
    return kefu::SendStatus::backpressure;
  }
  [[nodiscard]] std::size_t buffered() const override { return 0; }
  void pause_reading() override {}
  void resume_reading() override {}
  void close(errc /*reason*/) override {
    settle({errc::unavailable});
    hang_up();
  }
  [[nodiscard]] std::string_view peer() const override { return {}; }
  [[nodiscard]] kefu::Executor& executor() override { return speaker_.executor_; }

 private:
  void on_frame(const kefu::ServerFrame& frame) override {
    if (std::holds_alternative<kefu::frame::Welcome>(frame.body)) return transmit(message());
    if (const auto* const ack = std::get_if<kefu::frame::Ack>(&frame.body)) {
      settle({errc::ok, kefu::Rule::none, {}, ack->seq, ack->at});
      return hang_up();
    }
    const auto* const error = std::get_if<kefu::frame::Error>(&frame.body);
    if (!error) return;
    if (error->code == errc::stale_epoch && error->current && ++greetings_ < kGreetings) {
      epoch_ = *error->current + 1;
      return greet();
    }
    settle({outcome_of(error->code), kefu::Rule::none, std::string(error->detail)});
    hang_up();
  }
  void on_error(const kefu::wire::DecodeError&) override {}

  void greet() {
    const kefu::Identity bot{what_->bot, kefu::SystemClock().now() + kTokenLife};
    const std::string token = speaker_.keys_.sign(bot);
    kefu::frame::Hello hello;
    hello.token = token;
    hello.session = what_->id;
    hello.epoch = epoch_;
    transmit({{}, std::move(hello)});
  }
  [[nodiscard]] kefu::ClientFrame message() const {
    return {{},
            kefu::frame::Send{what_->conversation, what_->log, kFirst, what_->kind, what_->body}};
  }

  /// Not inside a call of the hub's.
  void transmit(const kefu::ClientFrame& frame) {
    std::string text;
    kefu::wire::encode(frame, text);
    speaker_.executor_.post([this, text = std::move(text)] {
      if (!closed_) inbound_->on_message(text, 0);
    });
  }
  void settle(Said outcome) {
    if (done_) done_(std::move(outcome));
  }
  void hang_up() {
    if (std::exchange(closed_, true)) return;
    speaker_.executor_.post([this] {
      inbound_->on_closed(errc::ok);
      speaker_.lines_.erase(this);  // destroys this
    });
  }

  Speaker& speaker_;
  const std::shared_ptr<Saying> what_;
  kefu::Completion<Said> done_;
  kefu::Inbound* inbound_ = nullptr;
  std::uint64_t epoch_ = kFirstEpoch + 1;
  int greetings_ = 0;
  bool closed_ = false;
};

Speaker::Speaker(kefu::Hub& hub, kefu::Store& store, kefu::Executor& executor,
                 const kefu::JwtKeys& keys)
    : hub_(hub), store_(store), executor_(executor), keys_(keys) {}

Speaker::~Speaker() = default;

void Speaker::say(Saying what, kefu::Completion<Said> done) {
  auto saying = std::make_shared<Saying>(std::move(what));
  hub_.change({kefu::core::Join{saying->conversation, saying->bot.id, saying->by}},
              [this, saying, done = std::move(done)](const kefu::DeskOutcome& joined) mutable {
                if (joined.code != errc::ok) return done({joined.code, joined.rule});
                attach(std::move(saying), std::move(done));
              });
}

/// The session may be there: this is a retry.
void Speaker::attach(std::shared_ptr<Saying> what, kefu::Completion<Said> done) {
  const kefu::AttachRequest request{what->id, what->bot, kFirstEpoch, true};
  store_.attach(request, [this, what = std::move(what),
                          done = std::move(done)](const kefu::AttachOutcome& outcome) mutable {
    if (outcome.code != errc::ok && outcome.code != errc::conflict) return done({outcome.code});
    executor_.post([this, what = std::move(what), done = std::move(done)]() mutable {
      open(what, std::move(done));
    });
  });
}

void Speaker::open(const std::shared_ptr<Saying>& what, kefu::Completion<Said> done) {
  auto line = std::make_unique<Line>(*this, what, std::move(done));
  Line& opened = *line;
  lines_.emplace(&opened, std::move(line));
  opened.open();
}

}  // namespace helpdesk
