// WsConnection: an open WebSocket. An idle one is this object and nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/net/deflate.hpp>
#include <kefu/net/websocket.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/stream_connection.hpp"

namespace kefu::inline v0::net {

class WsConnection final : public StreamConnection {
 public:
  WsConnection(Worker& worker, Socket socket, AddressHold address, std::string peer,
               websocket::DeflateWindow deflate);

 private:
  void queue_message(SharedFrame frame) override;
  void queue_close(std::uint16_t code, std::string_view text) override;
  void queue_heartbeat() override;
  void before_flush() override { queue_pong(); }
  void on_idle() override;
  void deliver(std::span<std::byte> input) override;
  [[nodiscard]] std::size_t incomplete() const noexcept override {
    return decoder_ ? decoder_->buffered_capacity() : 0;
  }

  /// Everything that is whole.
  void decode(websocket::Decoder& decoder, std::span<std::byte>& input);
  void on_event(const websocket::Event& event);
  void on_text(const websocket::Event& event);
  void on_peer_close(const websocket::Event& event);
  void refuse(std::uint16_t code, std::string_view text, errc reason);
  void refuse(websocket::Error error);
  void queue_pong();

  websocket::DeflateWindow deflate_;  // of what is sent
  bool must_pong_ = false;
  std::unique_ptr<websocket::Decoder> decoder_;  // null between two messages
  SharedFrame pong_;                             // payload of the answer to the peer's last ping
};

static_assert(sizeof(void*) != 8 || sizeof(WsConnection) <= 152,
              "twenty thousand of them must be cheap to hold");

}  // namespace kefu::inline v0::net
