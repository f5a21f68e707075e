// examples/bot, and the policies of examples/helpdesk: a visitor whom a bot answers until people
// do, while a service judges what is said.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "integration/client/talk.hpp"
#include "unit/sqlite/scratch.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

/// A visitor who asks for the bot, or one of the people, who take what comes to their department.
class Guest final : client::Events {
 public:
  Guest(Stage& stage, const Helpdesk& desk, ConversationId chat, std::string name,
        const std::string& role)
      : stage_(stage),
        link_(stage.loops, {.url = url_of(desk.port())}),
        client_(link_.executor(), link_, store_, *this, impatient(desk.token(name, role))),
        chat_(chat),
        opens_(role == "visitor") {
    stage_.on_loop([this] { client_.start(); });
  }
  static void leave(Stage& stage, std::unique_ptr<Guest> who) {
    stage.on_loop([&] { who.reset(); });
  }

  /// Again and again, while no policy judges it in time.
  void say(const std::string& text) {
    stage_.on_loop([&] {
      said_ = text;
      client_.send(chat_, text);
    });
  }
  /// Waits until they have read that, and answers its tags.
  std::string await_entry(const std::string& text) {
    std::string tags;
    stage_.await([&] {
      const auto at = std::ranges::find_if(
          log_, [&](const Entry& entry) { return entry.body.find(text) != std::string::npos; });
      if (at == log_.end()) return false;
      tags = at->tags;
      return true;
    });
    return tags;
  }
  void await_refusal(const std::string& reason) {
    stage_.await([&] { return std::ranges::find(refusals_, reason) != refusals_.end(); });
  }
  void await_joined() {
    stage_.await([&] { return joined_; });
  }
  [[nodiscard]] std::size_t count(const std::string& text) {
    std::size_t out = 0;
    stage_.change([&] {
      for (const Entry& entry : log_) out += entry.body.find(text) != std::string::npos ? 1 : 0;
    });
    return out;
  }

 private:
  void on_entry(const Entry& entry, bool /*own*/) override {
    stage_.change([&] { log_.push_back(entry); });
  }
  void on_settled(const core::client_effect::Settled& /*outcome*/) override {}
  void on_attached(SessionId, bool) override {
    if (opens_) client_.transmit({"open", frame::Open{chat_, "bot", "help"}});
  }
  void on_frame(const ServerFrame& frame) override {
    if (const auto* const error = std::get_if<frame::Error>(&frame.body)) {
      if (error->detail == "no verdict in time") client_.send(chat_, said_);
      stage_.change([&] { refusals_.emplace_back(error->detail); });
    } else if (std::holds_alternative<frame::Joined>(frame.body)) {
      stage_.change([&] { joined_ = true; });
    } else if (const auto* const offer = std::get_if<frame::Offer>(&frame.body)) {
      if (offer->department == "people")
        client_.transmit({{}, frame::Change{frame::Change::What::accept, chat_, {}}});
    }
  }

  Stage& stage_;
  client::MemoryPendingStore store_;
  client::WebSocket link_;
  client::Client client_;
  const ConversationId chat_;
  const bool opens_;
  std::string said_;  // last
  // Under the stage's lock:
  std::vector<Entry> log_;
  std::vector<std::string> refusals_;
  bool joined_ = false;
};

std::string secret_of(const Helpdesk& desk) {
  std::ifstream stream(desk.file("secret"));
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

TEST_CASE("a bot answers first and hands over to people, and policies judge what is said") {
  Random random;
  CAPTURE(random.seed);
  Process risk({KEFU_RISK, "0"});
  const std::string judge = risk.line().value_or("");
  REQUIRE(judge.starts_with("http://"));

  const Scratch folder;
  std::ofstream(folder.file("words")) << "# a comment\ndeny 代开发票\nmask damn\n";
  HelpdeskOptions options;
  options.more = {"--keywords",      folder.file("words"),
                  "--links",         "shop.example",
                  "--message-rate",  "600",
                  "--risk-fail",     "closed",
                  "--risk-control",  judge,
                  "--risk-deadline", "400"};
  Helpdesk desk(options);
  desk.start();
  const std::vector<std::string> command = {KEFU_BOT, url_of(desk.port()),
                                            folder.file("bot.pending")};
  const std::vector<std::string> environment = {"KEFU_SECRET=" + secret_of(desk)};
  std::optional<Process> bot(std::in_place, command, environment);

  Stage stage;
  const ConversationId chat = fresh_chat(random);
  auto visitor = std::make_unique<Guest>(stage, desk, chat, "v1", "visitor");
  visitor->await_joined();
  visitor->await_entry("I am a bot");
  visitor->say("What are your hours?");
  visitor->await_entry("from 9 to 18");

  visitor->say("my card is 4111 1111 1111 1111");
  visitor->await_refusal("please never send the number of a card");
  visitor->say("代开发票");
  visitor->await_refusal("this can't be said here");
  visitor->say("look at www.evil.test");
  visitor->await_refusal("links can't be sent here");

  bot.emplace(command, environment);  // killed, and started again: it goes on where it was
  visitor->say("I NEED A HUMAN, DAMN");
  visitor->await_entry("A colleague will be with you");
  auto human = std::make_unique<Guest>(stage, desk, chat, "h1", "agent");
  human->await_joined();
  CHECK(human->await_entry("I NEED A HUMAN, ****") == "rewritten,shouted");
  human->say("hello, this is a human");
  visitor->await_entry("this is a human");
  CHECK(human->count("card") == 0);

  Guest::leave(stage, std::move(visitor));
  Guest::leave(stage, std::move(human));
}
