// An agent at a terminal: what a desk's own program needs of kefu/client/, without a window.
//
//   KEFU_SECRET=… embed-agent ws://127.0.0.1:8080/ws ada
//   list      what waits, and what is mine
//   accept N, say N TEXT, resolve N, quit
//
// What is not sent yet is in ada.pending: killed and started again, it goes on where it was.
#include <kefu/auth.hpp>
#include <kefu/client/client.hpp>
#include <kefu/client/file_pending_store.hpp>
#include <kefu/client/websocket.hpp>
#include <kefu/clock.hpp>
#include <kefu/net/loops.hpp>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using kefu::ConversationId;
using Change = kefu::frame::Change;
constexpr kefu::Nanoseconds kTokenLife = std::chrono::hours(1);

/// Everything in it happens on the loop, so nothing is locked.
class Agent final : kefu::client::Events {
 public:
  Agent(kefu::net::Loops& loops, const std::string& url, std::string name, std::string secret)
      : loops_(loops),
        name_(std::move(name)),
        secret_(std::move(secret)),
        store_(name_ + ".pending"),
        link_(loops, {.url = url}),
        client_(link_.executor(), link_, store_, *this, options()) {
    client_.start();
  }

  /// A line of the terminal; from any thread.
  void obey(std::string line) {
    link_.executor().post([this, line = std::move(line)] { carry_out(std::istringstream(line)); });
  }

 private:
  struct Known {
    ConversationId id;
    std::string from, state;
  };

  kefu::client::Options options() {
    // A real desk asks the host's backend for it, which knows who has logged in.
    return {.token = [this](kefu::Completion<kefu::result<kefu::client::Token>> done) {
      const kefu::Identity who{{name_, kefu::Role::agent}, kefu::SystemClock().now() + kTokenLife};
      done(kefu::client::Token{kefu::sign_jwt_hs256(secret_, who), kTokenLife});
    }};
  }

  void carry_out(std::istringstream line) {
    std::string word, text;
    std::size_t number = 0;
    line >> word >> number >> std::ws;
    std::getline(line, text);
    if (word == "quit") return client_.stop(), loops_.stop();
    if (word == "list") return list();
    const bool changes = word == "accept" || word == "resolve";
    if (number == 0 || number > known_.size() || !(changes || word == "say"))
      return say("? list, accept N, say N TEXT, resolve N, quit");
    const ConversationId id = known_[number - 1].id;
    if (changes) return change(word == "accept" ? Change::What::accept : Change::What::resolve, id);
    client_.send(id, text);  // kept, and sent again, until it has its outcome
  }
  void list() const {
    for (std::size_t i = 0; i < known_.size(); ++i)
      say(std::to_string(i + 1) + " " + known_[i].from + " " + known_[i].state);
  }
  /// Asked until it is answered, over as many connections as that takes.
  void change(Change::What what, ConversationId id) {
    client_.ask({{}, Change{what, id, {}}}, [](const kefu::ServerFrame& frame) {
      if (const auto* const error = std::get_if<kefu::frame::Error>(&frame.body))
        say("! " + std::string(name(error->code)) + " " + std::string(error->rule));
    });
  }

  void on_attached(kefu::SessionId /*session*/, bool /*resumed*/) override { say("connected"); }
  void on_refused(kefu::errc code) override {
    say("refused: " + std::string(name(code)));
    std::_Exit(1);
  }
  void on_settled(const kefu::core::client_effect::Settled& settled) override {
    if (settled.code != kefu::errc::ok) say("! not said: " + std::string(name(settled.code)));
  }
  void on_entry(const kefu::Entry& entry, bool own) override {
    const std::string number = std::to_string(know(entry.conversation, {}, {}));
    const bool text = entry.kind == kefu::kind::kText;
    const std::string from = own ? "me" : entry.from;
    say(number + " " + (text ? from : "[" + entry.kind + "]") + ": " + entry.body);
  }
  void on_frame(const kefu::ServerFrame& frame) override {
    if (const auto* const offer = std::get_if<kefu::frame::Offer>(&frame.body)) {
      say(std::to_string(know(offer->conversation, offer->visitor, "waits")) + " " +
          std::string(offer->visitor) + " asks: " + std::string(offer->subject));
    } else if (const auto* const joined = std::get_if<kefu::frame::Joined>(&frame.body)) {
      know(joined->conversation.id, joined->conversation.visitor, "mine");
    } else if (const auto* const welcome = std::get_if<kefu::frame::Welcome>(&frame.body)) {
      for (const kefu::ConversationView& view : welcome->conversations)
        know(view.id, view.visitor, name(view.state));
    }
  }
  /// Its number here, and what is new about it.
  std::size_t know(ConversationId id, std::string_view from, std::string_view state) {
    auto at = std::ranges::find(known_, id, &Known::id);
    if (at == known_.end()) at = known_.insert(at, {id, {}, {}});
    if (!from.empty()) at->from = from;
    if (!state.empty()) at->state = state;
    return static_cast<std::size_t>(at - known_.begin()) + 1;
  }
  static void say(const std::string& text) { std::cout << text << '\n' << std::flush; }

  kefu::net::Loops& loops_;
  const std::string name_, secret_;
  std::vector<Known> known_;
  kefu::client::FilePendingStore store_;
  kefu::client::WebSocket link_;
  kefu::client::Client client_;
};

}  // namespace

int main(int argc, char** argv) try {
  const char* const secret = std::getenv("KEFU_SECRET");
  if (!secret || argc != 3) throw std::runtime_error("usage: KEFU_SECRET=... embed-agent URL NAME");
  kefu::net::Loops loops;
  Agent agent{loops, argv[1], argv[2], secret};
  std::thread terminal([&] {
    std::string line;
    while (line != "quit" && std::getline(std::cin, line)) agent.obey(line);
    agent.obey("quit");
  });
  loops.run();
  terminal.join();
} catch (const std::exception& error) {
  std::cerr << "embed-agent: " << error.what() << '\n';
  return 1;
}
