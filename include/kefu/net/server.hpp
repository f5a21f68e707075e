// Server: the transport that ships. WebSocket for the hub, and plain HTTP for a few small things
// beside it, on one port.
#pragma once

#include <kefu/files.hpp>
#include <kefu/net/deflate.hpp>
#include <kefu/net/file_service.hpp>
#include <kefu/net/http.hpp>
#include <kefu/net/http_head.hpp>
#include <kefu/net/loops.hpp>
#include <kefu/net/proxy.hpp>
#include <kefu/net/router.hpp>
#include <kefu/net/tls.hpp>
#include <kefu/transport.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::net {

/// The edge of the process: what a peer may cost before the hub has heard of it.
struct ServerOptions {
  std::string address = "127.0.0.1";      ///< numeric, IPv4 or IPv6
  std::uint16_t port = 8080;              ///< 0: any free one, see Server::port()
  const Tls* tls = nullptr;               ///< nullptr: no TLS; outlives the server
  int backlog = 4096;                     ///< connections the kernel keeps until they are accepted
  std::size_t max_connections = 100'000;  ///< open at once; one more is answered 503
  /// Of one address, or one IPv6 network of 64 bits; loopback is not counted, and of a trusted
  /// proxy what its clients' addresses hold open as WebSockets. One more is answered 429.
  std::size_t max_connections_per_address = 1000;
  /// Bytes that all connections together may hold back, in both directions: shared frames count
  /// once for each receiver. From half of it on readers are served from the log, at their own pace,
  /// and nobody new is let in; above it those that hold most are cut.
  std::size_t max_buffered = 256 * 1024 * 1024;

  std::string websocket_path = "/ws";
  std::string subprotocol = "kefu.v1";
  /// Where the fallback for networks that break WebSockets is: messages as Server-Sent Events, and
  /// POSTs below it for the way back. Empty: nowhere.
  std::string events_path = "/events";
  /// Origins ("https://shop.example") whose pages may open a WebSocket; empty: any.
  std::vector<std::string> allowed_origins = {};

  std::filesystem::path static_root = {};    ///< directory to serve; empty: none
  std::string static_mount = "/";            ///< URL path at which it appears
  std::string content_security_policy = {};  ///< for static files; not sent when empty
  std::size_t max_static_file = 8'388'608;   ///< bytes

  std::uint16_t max_head = 8 * 1024;      ///< bytes of a request's head
  std::size_t max_body = 64 * 1024;       ///< bytes of a request's body
  std::uint32_t max_message = 64 * 1024;  ///< bytes of a WebSocket message: limits::max_frame
  std::size_t send_queue =
      64 * 1024;  ///< bytes at which send() answers backpressure: limits::send_queue

  /// Compression of messages. It costs CPU on both ends, and 0.3 MB a loop, nothing a connection.
  /// Think before you turn it on: where one message holds both a secret and text of an attacker's
  /// choice, its compressed size tells of the secret.
  websocket::DeflateOptions deflate = {};

  /// The proxies in front, as addresses or networks ("10.0.0.0/8"), and how they name their peers.
  /// Nobody else is believed. With proxy_protocol only they may connect, and each of their
  /// connections begins with its header, version 1 or 2.
  std::vector<std::string> trusted_proxies = {};
  ForwardedField forwarded = ForwardedField::none;
  bool proxy_protocol = false;

  /// A request's head must be whole so long after the connection or the answer before it, its body
  /// so long after that, and an answer must make progress at least so often.
  Nanoseconds handshake_timeout{10'000'000'000};
  /// A WebSocket that was silent for so long is pinged; silent for two of them, it is closed as
  /// timed_out.
  Nanoseconds ping_interval{30'000'000'000};
  /// A closing connection is cut when the peer hasn't read what was queued and ended it in time.
  Nanoseconds close_timeout{5'000'000'000};
};

/// Threading: get() and start() in one thread, before or while the loops run; stop(), port() and
/// connections() in any. A connection lives on one loop, and its Inbound is called there.
/// Lifetime: destroy a server after its stop() has completed, or while its loops don't run. Then
/// the connections that remain get their on_closed() from the destructor.
/// Errors of on_closed(): ok (the peer closed in good order), unavailable (the connection broke),
/// timed_out, bad_frame, too_large or unsupported (what the peer sent), else the reason given to
/// close().
class Server final : public Transport {
 public:
  /// Answers a request inside the call.
  using Handler = Router::Handler;

  /// Throws std::invalid_argument when the static root isn't a directory or a proxy isn't a
  /// network.
  explicit Server(Loops& loops, ServerOptions options = {});
  ~Server() override;

  /// Before start(), like all that is told to the router.
  [[nodiscard]] Router& router() noexcept;
  /// Serves GET requests for paths like this one.
  void get(std::string_view pattern, Handler handler) {
    router().add("GET", pattern, std::move(handler));
  }

  /// A handler that answers later, as http::Response::later, and needs nothing of the request.
  using LateHandler = std::function<void(Completion<http::Response>)>;
  /// The same, answered later, from any thread.
  void get_later(std::string_view pattern, LateHandler handler);

  /// Serves files, on loops of the server's own, which may wait for a disk. Before start(), once.
  /// `files` outlives the server. Throws std::invalid_argument for options that make no sense.
  void serve_files(Files& files, FileServiceOptions options);

  /// Throws std::system_error if it can't listen. Once.
  void start(Acceptor& acceptor) override;
  /// Begins to accept: start() by another name.
  void serve(Acceptor& acceptor) { start(acceptor); }

  /// Needs running loops. `done` is called on one of them.
  void stop(Instant deadline, Completion<> done) override;

  /// The port it listens on; 0 before start().
  [[nodiscard]] std::uint16_t port() const noexcept;

  /// Bytes that all connections hold back now, see ServerOptions::max_buffered.
  [[nodiscard]] std::size_t buffered() const noexcept;

  /// Open connections, HTTP included.
  [[nodiscard]] std::size_t connections() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kefu::inline v0::net
