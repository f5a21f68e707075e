// WebSocket: the link that ships, over Asio: "ws://host:port/path".
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/client/link.hpp>
#include <kefu/model/time.hpp>
#include <kefu/net/loops.hpp>
#include <memory>
#include <string>

namespace kefu::inline v0::client {

/// Where a WebSocket leads, and how patient it is.
struct WebSocketOptions {
  std::string url = "ws://127.0.0.1:8080/ws";  ///< wss:// is not served yet
  std::string origin = {};                     ///< sent as Origin when not empty
  std::string subprotocol = "kefu.v1";
  std::uint32_t max_message = 1024 * 1024;  ///< bytes of one from the server: limits::max_answer
  /// A server that was silent for so long is pinged; silent for two of them, it is taken for gone.
  Nanoseconds ping_interval{30'000'000'000};
  /// What is queued when the client closes may take so long to go out.
  Nanoseconds close_timeout{5'000'000'000};
};

/// Lives on one of the loops, which many links share. Lifetime: within that of the loops; destroyed
/// on its loop, or while the loops don't run.
class WebSocket final : public Link {
 public:
  /// Throws std::invalid_argument for a URL that it can't use. `loop`: which of the loops.
  explicit WebSocket(net::Loops& loops, WebSocketOptions options = {}, std::size_t loop = 0);
  ~WebSocket() override;
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  /// Of the loop: what its Client is made with.
  [[nodiscard]] Executor& executor() noexcept;

  void open(LinkEvents& events) override;
  void send(std::string message) override;
  void close() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kefu::inline v0::client
