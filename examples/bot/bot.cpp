// bot: answers visitors first, and hands over to people. To the server it is an agent of the
// department that visitors open: it takes everything that is offered there, answers what it knows,
// and transfers the rest to the people's department.
//
//   KEFU_SECRET=… bot ws://127.0.0.1:8080/ws [FILE [DEPARTMENT [PEOPLE]]]
//
// What it must not forget is in FILE: killed and started again it goes on where it was, and answers
// nothing twice but what came in its last second.
#include <kefu/auth.hpp>
#include <kefu/client/client.hpp>
#include <kefu/client/file_pending_store.hpp>
#include <kefu/client/websocket.hpp>
#include <kefu/clock.hpp>
#include <kefu/net/loops.hpp>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>

namespace {

constexpr const char* kId = "bot";
constexpr std::uint64_t kCapacity = 1000;  // conversations at once
constexpr kefu::Nanoseconds kTokenLife = std::chrono::hours(1);

/// A word of the question, in small letters, and what there is to say.
constexpr std::pair<std::string_view, std::string_view> kAnswers[] = {
    {"hours", "We are here from 9 to 18 o'clock, Monday to Friday."},
    {"营业时间", "我们周一至周五 9:00–18:00 在线。"},
    {"delivery", "Parcels take two to three working days."},
    {"发货", "一般两到三个工作日送达。"},
};
constexpr std::string_view kGreeting =
    "Hello, I am a bot / 您好，我是智能助手。Ask me, or say \"human\" / 请提问，或回复“人工”。";
constexpr std::string_view kHandOver =
    "A colleague will be with you in a moment. / 正在为您转接人工客服。";

std::string in_small_letters(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

/// Nothing when a human should say it.
std::string_view answer_to(const std::string& question) {
  const std::string text = in_small_letters(question);
  for (const auto& [word, answer] : kAnswers) {
    if (text.find(word) != std::string::npos) return answer;
  }
  return {};
}

class Bot final : kefu::client::Events {
 public:
  Bot(kefu::net::Loops& loops, const std::string& url, const std::string& file, std::string secret,
      std::string department, std::string people)
      : secret_(std::move(secret)),
        department_(std::move(department)),
        people_(std::move(people)),
        store_(file),
        link_(loops, {.url = url}),
        client_(link_.executor(), link_, store_, *this, options()) {
    client_.start();
  }

 private:
  kefu::client::Options options() {
    kefu::client::Options out;
    out.token = [this](kefu::Completion<kefu::result<kefu::client::Token>> done) {
      const kefu::Timestamp end = kefu::SystemClock().now() + kTokenLife;
      done(kefu::client::Token{kefu::sign_jwt_hs256(secret_, {{kId, kefu::Role::agent}, end}),
                               kTokenLife});
    };
    return out;
  }

  void on_attached(kefu::SessionId /*session*/, bool /*resumed*/) override {
    client_.transmit({{}, kefu::frame::SetPresence{kefu::Intent::available, kCapacity}});
  }
  void on_frame(const kefu::ServerFrame& frame) override {
    const auto* const offer = std::get_if<kefu::frame::Offer>(&frame.body);
    if (!offer) return;
    using Change = kefu::frame::Change;
    const bool mine = offer->department == department_;
    if (!mine && !offer->expires_at) return;  // it waits for whoever takes it, and that are people
    client_.transmit({{},
                      Change{mine ? Change::What::accept : Change::What::decline,
                             offer->conversation, offer->assignment}});
  }
  void on_entry(const kefu::Entry& entry, bool own) override {
    if (entry.kind == kefu::kind::kAssigned && entry.body == kId) {
      client_.send(entry.conversation, std::string(kGreeting));
    } else if (!own && entry.role == kefu::Role::visitor && entry.kind == kefu::kind::kText) {
      const std::string_view answer = answer_to(entry.body);
      client_.send(entry.conversation, std::string(answer.empty() ? kHandOver : answer));
    } else if (own && entry.body == kHandOver) {
      hand_over(entry);  // not before it is stored: what one says is judged while one is in
    }
  }
  void on_settled(const kefu::core::client_effect::Settled& /*settled*/) override {}
  void on_refused(kefu::errc code) override {
    std::cerr << "bot: refused: " << name(code) << '\n';
    std::_Exit(1);
  }

  void hand_over(const kefu::Entry& entry) {
    kefu::frame::Transfer transfer;
    transfer.conversation = entry.conversation;
    transfer.department = people_;
    transfer.note = "the bot did not know";
    client_.ask({{}, transfer}, [](const kefu::ServerFrame& frame) {
      if (const auto* const error = std::get_if<kefu::frame::Error>(&frame.body))
        std::cerr << "bot: can't hand over: " << name(error->code) << '\n';
    });
  }

  const std::string secret_, department_, people_;
  kefu::client::FilePendingStore store_;
  kefu::client::WebSocket link_;
  kefu::client::Client client_;
};

}  // namespace

int main(int argc, char** argv) try {
  const char* const secret = std::getenv("KEFU_SECRET");
  if (!secret || argc < 2)
    throw std::runtime_error("usage: KEFU_SECRET=... bot URL [FILE [DEPARTMENT [PEOPLE]]]");
  const auto argument = [&](int number, const char* otherwise) {
    return std::string(argc > number ? argv[number] : otherwise);
  };
  kefu::net::Loops loops;
  const Bot bot{loops,
                argv[1],
                argument(2, "bot.pending"),
                secret,
                argument(3, "bot"),
                argument(4, "people")};
  loops.stop_on_signals();
  loops.run();
} catch (const std::exception& error) {
  std::cerr << "bot: " << error.what() << '\n';
  return 1;
}
