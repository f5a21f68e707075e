// EventStream: the fallback where WebSockets don't pass. Messages go down as Server-Sent Events, on
// the answer to a GET that never ends, and come up in POSTs, on whichever connection and loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "net/stream_connection.hpp"

namespace kefu::inline v0::net {

class Worker;

/// Where the answer to a POST goes: to a request that waits, perhaps on another loop, perhaps gone.
struct PostReply {
  std::shared_ptr<Worker> worker;
  std::uint64_t request = 0;  ///< as that worker has numbered it

  void operator()(int status) const;
};

class EventStream final : public StreamConnection {
 public:
  /// `key` names it to its worker, and to nobody who has not read it from the stream.
  EventStream(Worker& worker, Socket socket, AddressHold address, std::string peer,
              std::string key);
  ~EventStream() override;

  /// Message `number` (1, 2, 3 … on this stream). One that was taken already is answered once more.
  void on_post(std::uint64_t number, std::string text, PostReply reply);

 private:
  struct Held {
    std::string text;  // with padding behind it
    PostReply reply;
  };

  void queue_message(SharedFrame frame) override;
  void queue_close(std::uint16_t code, std::string_view text) override;
  void queue_heartbeat() override;
  void deliver(std::span<std::byte>) override {}  // nothing comes this way
  void read() override;
  [[nodiscard]] std::size_t incomplete() const noexcept override;
  [[nodiscard]] bool answers_heartbeats() const noexcept override { return false; }
  [[nodiscard]] State closing_state() const noexcept override { return State::lingering; }

  void queue_raw(std::string_view text);
  void take(std::string& text, const PostReply& reply);

  std::string key_;
  std::uint64_t taken_ = 0;     // the last number
  std::unique_ptr<Held> held_;  // the next one, while reading is paused
};

}  // namespace kefu::inline v0::net
