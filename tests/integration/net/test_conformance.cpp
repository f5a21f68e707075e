#include <kefu/testing/transport_conformance.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>

#include <array>
#include <deque>
#include <kefu/net/server.hpp>
#include <kefu/wire/close_code.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "integration/net/certificates.hpp"
#include "integration/net/client.hpp"
#include "unit/testing/tampered_transport.hpp"

namespace {

using namespace kefu;
using net::testing::masked_frame;
using net::testing::WsClient;
using test::TamperedTransport;
using test::Tampering;
namespace ws = net::websocket;

/// A WebSocket client whose bytes move in work().
class Client final : public testing::TransportClient {
 public:
  /// Enters itself in the list of those that have work to do.
  Client(std::vector<Client*>& list, std::uint16_t port) : list_(list) {
    list_.push_back(this);
    try {
      client_.emplace(port);
      const int socket = client_->stream().descriptor();
      ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
    } catch (const std::exception&) {  // not let in
      ended_ = errc::unavailable;
    }
  }
  ~Client() override {
    std::erase(list_, this);
    if (client_ && !ended_) client_->stream().reset();
  }

  void send(std::string message) override { queue(ws::Opcode::text, message); }
  std::optional<std::string> receive() override {
    if (inbox_.empty()) return std::nullopt;
    std::string out = std::move(inbox_.front());
    inbox_.pop_front();
    return out;
  }
  std::optional<errc> ended() override { return inbox_.empty() ? ended_ : std::nullopt; }
  void pause_reading() override { paused_ = true; }
  void resume_reading() override { paused_ = false; }
  void close() override { queue_close(); }

  void work() try {
    if (ended_) return;
    outbox_.erase(0, client_->stream().write_some(outbox_));
    while (!paused_ && !ended_ && client_->readable()) hear(client_->receive());
  } catch (const std::exception&) {
    ended_ = errc::unavailable;
  }

 private:
  void hear(const net::testing::Received& got) {
    if (got.kind == ws::EventKind::text) inbox_.push_back(got.text);
    if (got.kind == ws::EventKind::close) {
      told_ = wire::reason_from_close_code(got.code);
      queue_close();
    }
    if (got.kind == ws::EventKind::need_more) ended_ = told_;
  }
  void queue(ws::Opcode opcode, std::string_view payload) {
    outbox_ += masked_frame(opcode, true, payload);
  }
  void queue_close() {
    std::array<std::byte, ws::kMaxControlPayload> payload;
    const std::size_t size = ws::write_close_payload(ws::kCloseNormal, "", payload);
    queue(ws::Opcode::close, {reinterpret_cast<const char*>(payload.data()), size});
  }

  std::vector<Client*>& list_;
  std::optional<WsClient> client_;
  std::string outbox_;
  std::deque<std::string> inbox_;
  bool paused_ = false;
  errc told_ = errc::unavailable;
  std::optional<errc> ended_;
};

class ServerHost final : public testing::TransportHost {
 public:
  explicit ServerHost(Tampering how = Tampering::none)
      : how_(how), thread_([this] { loops_.run(); }) {}
  ~ServerHost() override {
    loops_.stop();
    thread_.join();
  }

  std::unique_ptr<Transport> open() override {
    net::ServerOptions options;
    options.port = 0;
    options.close_timeout = Nanoseconds(300'000'000);
    if (net::testing::over_tls()) options.tls = &net::testing::any_server();
    auto server = std::make_unique<net::Server>(loops_, std::move(options));
    server_ = server.get();
    return std::make_unique<TamperedTransport>(std::move(server), how_);
  }
  std::vector<Executor*> executors() override { return loops_.executors(); }
  std::unique_ptr<testing::TransportClient> dial() override {
    return std::make_unique<Client>(clients_, server_->port());
  }
  void let(Nanoseconds pass) override {
    for (Client* const one : clients_) one->work();
    std::this_thread::sleep_for(pass);
  }

 private:
  const Tampering how_;
  std::vector<Client*> clients_;
  net::Loops loops_{2};
  net::Server* server_ = nullptr;
  std::thread thread_;
};

TEST_CASE("the server passes the transport's conformance suite") {
  ServerHost host;
  for (const testing::TransportCheck& check : testing::transport_checks()) {
    CAPTURE(check.name);
    CHECK_EQ(check.run(host), "");
  }
}

#ifndef __SANITIZE_THREAD__  // which would find them too
TEST_CASE("the suite finds calls on another thread") {
  for (const testing::TransportCheck& check : testing::transport_checks()) {
    if (check.name != "threads: calls wait for their executor") continue;
    ServerHost host(Tampering::other_thread);
    CHECK_NE(check.run(host), "");
  }
}
#endif

}  // namespace
