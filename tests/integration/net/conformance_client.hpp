// The WebSocket client of the transport's conformance suite, for any server.
#pragma once

#include <fcntl.h>

#include <array>
#include <deque>
#include <exception>
#include <kefu/testing/transport_conformance.hpp>
#include <kefu/wire/close_code.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "integration/net/client.hpp"

namespace kefu::inline v0::net::testing {

/// A client whose bytes move in work().
class Client : public kefu::testing::TransportClient {
 public:
  /// Enters itself in the list of those that have work to do.
  explicit Client(std::vector<Client*>& list) : list_(list) { list_.push_back(this); }
  ~Client() override { std::erase(list_, this); }
  virtual void work() = 0;

  std::optional<std::string> receive() override {
    if (inbox_.empty()) return std::nullopt;
    std::string out = std::move(inbox_.front());
    inbox_.pop_front();
    return out;
  }
  std::optional<errc> ended() override { return inbox_.empty() ? ended_ : std::nullopt; }
  void pause_reading() override { paused_ = true; }
  void resume_reading() override { paused_ = false; }

 protected:
  static void do_not_block(const Stream& stream) {
    const int socket = stream.descriptor();
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  }

  std::deque<std::string> inbox_;
  bool paused_ = false;
  errc told_ = errc::unavailable;
  std::optional<errc> ended_;

 private:
  std::vector<Client*>& list_;
};

class SocketClient final : public Client {
 public:
  SocketClient(std::vector<Client*>& list, std::uint16_t port) : Client(list) {
    try {
      client_.emplace(port);
      do_not_block(client_->stream());
    } catch (const std::exception&) {  // not let in
      ended_ = errc::unavailable;
    }
  }
  ~SocketClient() override {
    if (client_ && !ended_) client_->stream().reset();
  }

  void send(std::string message) override { queue(websocket::Opcode::text, message); }
  void close() override { queue_close(); }

  void work() override try {
    if (ended_) return;
    outbox_.erase(0, client_->stream().write_some(outbox_));
    while (!paused_ && !ended_ && client_->readable()) hear(client_->receive());
  } catch (const std::exception&) {
    ended_ = errc::unavailable;
  }

 private:
  void hear(const Received& got) {
    if (got.kind == websocket::EventKind::text) inbox_.push_back(got.text);
    if (got.kind == websocket::EventKind::close) {
      told_ = wire::reason_from_close_code(got.code);
      queue_close();
    }
    if (got.kind == websocket::EventKind::need_more) ended_ = told_;
  }
  void queue(websocket::Opcode opcode, std::string_view payload) {
    outbox_ += masked_frame(opcode, true, payload);
  }
  void queue_close() {
    std::array<std::byte, websocket::kMaxControlPayload> payload;
    const std::size_t size = websocket::write_close_payload(websocket::kCloseNormal, "", payload);
    queue(websocket::Opcode::close, {reinterpret_cast<const char*>(payload.data()), size});
  }

  std::optional<WsClient> client_;
  std::string outbox_;
};

}  // namespace kefu::inline v0::net::testing
