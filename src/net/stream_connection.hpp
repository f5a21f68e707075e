// StreamConnection: a socket on which messages go to and fro, the hub's Connection, whatever frames
// them. It queues, writes, holds back and closes; how a message looks is its heirs' business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/transport.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/link.hpp"
#include "net/send_queue.hpp"

namespace kefu::inline v0::net {

class StreamConnection : public Link, public Connection {
 public:
  /// `peer`: its address, and behind a NUL, where there is one, the subject of its certificate.
  StreamConnection(Worker& worker, Socket socket, AddressHold address, std::string peer);

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

 protected:
  enum class State : std::uint8_t {
    open,
    closing,    // our last words are queued or written, the peer's are awaited
    answering,  // the peer's are here, ours are queued
    lingering,  // our last words are queued or written, and what comes is thrown away until the
                // peer ends, because closing at once could take them back
    gone,
  };

  // ---- of the heirs

  virtual void queue_message(SharedFrame frame) = 0;
  virtual void queue_close(std::uint16_t code, std::string_view text) = 0;
  /// Something by which a peer that is there is noticed.
  virtual void queue_heartbeat() = 0;
  /// Before anything is written, and when all is.
  virtual void before_flush() {}
  virtual void on_idle() {}
  /// Bytes of the peer; what is left of them when reading is paused is for keep_unread().
  virtual void deliver(std::span<std::byte> input) = 0;
  /// Bytes held back beside the queue.
  [[nodiscard]] virtual std::size_t incomplete() const noexcept { return 0; }
  /// Whether a peer that says nothing for two intervals is given up.
  [[nodiscard]] virtual bool answers_heartbeats() const noexcept { return true; }
  /// How close() ends.
  [[nodiscard]] virtual State closing_state() const noexcept { return State::closing; }

  void be_ready(Readiness readiness) override;
  void read() override;
  void flush();
  void begin_close(State state, std::uint16_t code, std::string_view text, errc reason);
  void finish(errc reason);
  void on_peer_end();
  void count_held();
  void write_later();
  void keep_unread(std::span<const std::byte> bytes);

  SendQueue queue_;
  std::string peer_;
  Inbound* inbound_ = nullptr;
  std::unique_ptr<std::vector<std::byte>> unread_;  // bytes read but not delivered, and padding
  std::uint32_t heard_;     // the tick at which the peer last sent something
  std::uint32_t deadline_;  // once closing: the tick at which it is cut
  State state_ = State::open;
  errc reason_ = errc::ok;
  bool paused_ = false;

 private:
  void give_up() noexcept;
  void on_drained();

  bool pinged_ : 1 = false;         // since it was last heard
  bool write_pending_ : 1 = false;  // in the worker's list
  bool write_blocked_ : 1 = false;  // the network takes no more for now
  bool backpressured_ : 1 = false;  // on_writable() is owed
  bool peer_ended_ : 1 = false;     // there is an end to read
};

}  // namespace kefu::inline v0::net
