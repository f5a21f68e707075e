// A client of its own, as a stranger would write it from the headers.
#include <kefu/client/client.hpp>
#include <kefu/client/websocket.hpp>
#include <kefu/net/loops.hpp>

#include <cstdio>
#include <string>

namespace {

class Screen final : public kefu::client::Events {
 public:
  void on_entry(const kefu::Entry& entry, bool own) override {
    std::printf("%s: %s\n", own ? "you" : entry.from.c_str(), entry.body.c_str());
  }
  void on_settled(const kefu::core::client_effect::Settled& settled) override {
    const std::string code(kefu::name(settled.code));
    std::printf("message %llu: %s\n", static_cast<unsigned long long>(settled.id), code.c_str());
  }
};

}  // namespace

int main() {
  kefu::net::Loops loops;
  kefu::client::WebSocket link{loops, {.url = "ws://127.0.0.1:1/ws"}};
  kefu::client::MemoryPendingStore pending;
  Screen screen;
  kefu::client::Options options;
  options.token = [](kefu::Completion<kefu::result<kefu::client::Token>> done) {
    done(kefu::client::Token{"a token"});
  };
  kefu::client::Client client{link.executor(), link, pending, screen, options};
  client.start();
  client.send(kefu::ConversationId{1, 2}, "hello");
  // Nobody is there to talk to: it keeps what it was given.
  link.executor().post([&] { loops.stop(); });
  loops.run();
  return client.pending() == 1 && !client.attached() ? 0 : 1;
}
