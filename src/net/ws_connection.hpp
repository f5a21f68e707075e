// WsConnection: an open WebSocket, the hub's Connection. An idle one is this object and nothing
// else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/net/deflate.hpp>
#include <kefu/net/websocket.hpp>
#include <kefu/transport.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/link.hpp"
#include "net/send_queue.hpp"

namespace kefu::net {

class WsConnection final : public Link, public Connection {
 public:
  WsConnection(Worker& worker, Socket socket, AddressHold address, std::string peer,
               websocket::DeflateWindow deflate);

  /// `response` is written first; `unread` is what came behind the request.
  void start(Acceptor& acceptor, std::string_view response, std::string_view unread);

  // Connection
  SendStatus send(SharedFrame frame) override;
  [[nodiscard]] std::size_t buffered() const override { return queue_.bytes(); }
  void pause_reading() override;
  void resume_reading() override;
  void close(errc reason) override;
  [[nodiscard]] std::string_view peer() const override { return peer_.c_str(); }
  [[nodiscard]] std::string_view subject() const override;
  [[nodiscard]] std::optional<LinkQuality> quality() const override;
  [[nodiscard]] Executor& executor() override;

  // Link
  void on_tick() override;
  void shut_down() override;
  void close_down() override { close(errc::shutting_down); }
  void cut() override { finish(errc::shutting_down); }
  void cut_for(errc reason) override { finish(reason); }

  /// Writes what is queued. Called by the worker at the end of a turn.
  void flush_now() {
    guard([this] { flush(); });
  }

 private:
  void be_ready(Readiness readiness) override;
  void read() override;
  enum class State : std::uint8_t {
    open,
    closing,    // our close frame is queued or written, the peer's is awaited
    answering,  // the peer's is here, ours is queued
    lingering,  // the peer broke the protocol: our close frame is queued or written, and what comes
                // is thrown away until the peer ends, because closing at once could take it back
    gone,
  };

  void flush();
  void deliver(std::span<std::byte> input);
  void on_event(const websocket::Event& event);
  void on_text(const websocket::Event& event);
  void on_peer_close(const websocket::Event& event);
  void on_peer_end();
  void on_drained();
  void refuse(std::uint16_t code, std::string_view text, errc reason);
  void refuse(websocket::Error error);
  void begin_close(State state, std::uint16_t code, std::string_view text, errc reason);
  void queue_text(SharedFrame frame);
  void give_up() noexcept;
  void finish(errc reason);
  void count_held();
  void queue_pong();
  void write_later();
  void keep_unread(std::span<const std::byte> bytes);

  websocket::Decoder decoder_;
  SendQueue queue_;
  std::string peer_;  // and behind a NUL, where there is one, the subject of its certificate
  Inbound* inbound_ = nullptr;
  std::unique_ptr<std::vector<std::byte>> unread_;  // bytes read but not delivered, and padding
  SharedFrame pong_;                                // payload of the answer to the peer's last ping
  std::uint32_t heard_;     // the tick at which the peer last sent something
  std::uint32_t deadline_;  // once closing: the tick at which it is cut
  State state_ = State::open;
  errc reason_ = errc::ok;
  websocket::DeflateWindow deflate_;  // of what is sent
  bool paused_ = false;
  bool must_pong_ = false;
  bool pinged_ = false;         // since it was last heard
  bool write_pending_ = false;  // in the worker's list
  bool write_blocked_ = false;  // the network takes no more for now
  bool backpressured_ = false;  // on_writable() is owed
  bool peer_ended_ = false;     // there is an end to read
};

static_assert(sizeof(WsConnection) <= 208, "twenty thousand of them must be cheap to hold");

}  // namespace kefu::net
