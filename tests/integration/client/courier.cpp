// kefu-courier URL TOKEN FILE CONVERSATION TOTAL: a client that is made to be killed. It opens the
// conversation, says m1 … mTOTAL in it, going on where its file says that it was, writes a line for
// each outcome and when its file fails, and ends when all are told.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <kefu/client/client.hpp>
#include <kefu/client/file_pending_store.hpp>
#include <kefu/client/websocket.hpp>
#include <string>

#include "integration/client/person.hpp"

namespace {

using namespace kefu;

class Courier final : client::Events {
 public:
  Courier(net::Loops& loops, const std::string& url, const std::string& token,
          const std::string& file, ConversationId chat, std::uint64_t total)
      : loops_(loops),
        store_(file, {.compact_bytes = 8 * 1024}),
        link_(loops, {.url = url}),
        client_(link_.executor(), link_, store_, *this, test::impatient(token)),
        chat_(chat),
        total_(total) {
    client_.start();
  }

 private:
  void on_entry(const Entry& /*entry*/, bool /*own*/) override {}
  void on_settled(const core::client_effect::Settled& outcome) override {
    say(std::to_string(outcome.id) + " " + std::string(name(outcome.code)) + "\n");
    say_more();
  }
  void on_attached(SessionId, bool) override {
    client_.transmit({"open", frame::Open{chat_, "sales", "help"}});
  }
  void on_refused(errc code) override {
    say("refused " + std::string(name(code)) + "\n");
    std::_Exit(3);
  }
  void on_store_failed(errc code) override { say("file " + std::string(name(code)) + "\n"); }
  void on_frame(const ServerFrame& frame) override {
    if (!std::holds_alternative<frame::Joined>(frame.body) || joined_) return;
    joined_ = true;
    // Not within the frame: the client has not acted on it yet.
    link_.executor().post([this] { say_more(); });
  }
  void say_more() {
    while (joined_ && client_.submitted() < total_ && client_.pending() < 40)
      client_.send(chat_, "m" + std::to_string(client_.submitted() + 1));
    if (client_.submitted() < total_ || client_.pending() > 0) return;
    client_.stop();
    loops_.stop();
  }
  static void say(const std::string& line) {
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(4);
  }

  net::Loops& loops_;
  client::FilePendingStore store_;
  client::WebSocket link_;
  client::Client client_;
  const ConversationId chat_;
  const std::uint64_t total_;
  bool joined_ = false;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 6) return 2;
  const auto chat = kefu::ConversationId::parse(argv[4]);
  if (!chat) return 2;
  kefu::net::Loops loops;
  const Courier courier(loops, argv[1], argv[2], argv[3], *chat,
                        std::strtoull(argv[5], nullptr, 10));
  loops.run();
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
