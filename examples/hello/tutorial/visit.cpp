// visit URL WHO DEPARTMENT TEXT: a visitor who opens a conversation, says one thing, prints what
// became of it and goes. WHO is a token; with KEFU_SECRET it is a name, for which a token is
// signed.
#include <kefu/auth.hpp>
#include <kefu/client/client.hpp>
#include <kefu/client/websocket.hpp>
#include <kefu/net/loops.hpp>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <random>
#include <string>
#include <utility>
#include <variant>

namespace {

constexpr kefu::Nanoseconds kTokenLife = std::chrono::hours(1);

kefu::ConversationId new_id() {
  constexpr std::int64_t kPerMillisecond = 1'000'000;
  std::random_device random;
  const auto now = static_cast<std::uint64_t>(kefu::SystemClock().now().ns / kPerMillisecond);
  return kefu::make_uuid_v7<kefu::ConversationId>(now, random(), random());
}

class Visitor final : kefu::client::Events {
 public:
  Visitor(kefu::net::Loops& loops, const std::string& url, std::string token,
          std::string department, std::string text)
      : loops_(loops),
        department_(std::move(department)),
        text_(std::move(text)),
        link_(loops, {.url = url}),
        client_(link_.executor(), link_, pending_, *this, options(std::move(token))) {
    client_.start();
    client_.ask({{}, kefu::frame::Open{new_id(), department_, {}}},
                [this](const kefu::ServerFrame& frame) { on_opened(frame); });
  }

 private:
  static kefu::client::Options options(std::string token) {
    kefu::client::Options out;
    out.token = [token = std::move(token)](auto done) { done(kefu::client::Token{token}); };
    return out;
  }

  void on_opened(const kefu::ServerFrame& frame) {
    if (const auto* const joined = std::get_if<kefu::frame::Joined>(&frame.body)) {
      client_.send(joined->conversation.id, text_);
    } else if (const auto* const error = std::get_if<kefu::frame::Error>(&frame.body)) {
      end("not opened: " + std::string(kefu::name(error->code)));
    }
  }
  void on_frame(const kefu::ServerFrame& frame) override {
    const auto* const error = std::get_if<kefu::frame::Error>(&frame.body);
    if (!error) return;
    std::cout << error->detail << '\n';
    // The client would ask for another token, and there is none.
    if (error->code == kefu::errc::unauthenticated)
      link_.executor().post([this] { end("refused: unauthenticated"); });
  }
  void on_entry(const kefu::Entry& entry, bool own) override {
    std::cout << entry.seq << ' ' << (own ? "you" : entry.from) << ' ' << entry.kind << ' '
              << entry.body << '\n';
  }
  void on_settled(const kefu::core::client_effect::Settled& settled) override {
    end("it is " + std::string(kefu::name(settled.code)));
  }
  void on_refused(kefu::errc code) override { end("refused: " + std::string(kefu::name(code))); }

  void end(const std::string& why) {
    std::cout << why << std::endl;
    client_.stop();
    loops_.stop();
  }

  kefu::net::Loops& loops_;
  const std::string department_, text_;
  kefu::client::MemoryPendingStore pending_;
  kefu::client::WebSocket link_;
  kefu::client::Client client_;
};

std::string token_of(const std::string& who) {
  const char* const secret = std::getenv("KEFU_SECRET");
  if (!secret) return who;
  const kefu::Timestamp end = kefu::SystemClock().now() + kTokenLife;
  return kefu::sign_jwt_hs256(secret, {{who, kefu::Role::visitor}, end});
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 5) throw std::runtime_error("usage: visit URL WHO DEPARTMENT TEXT");
  kefu::net::Loops loops;
  const Visitor visitor{loops, argv[1], token_of(argv[2]), argv[3], argv[4]};
  loops.run();
} catch (const std::exception& error) {
  std::cerr << "visit: " << error.what() << '\n';
  return 1;
}
