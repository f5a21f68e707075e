// A blocking client for tests, on the codec's client role. Every wait is bounded; one that runs out
// throws.
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <kefu/net/deflate.hpp>
#include <kefu/net/http_head.hpp>
#include <kefu/net/websocket.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "net/socket.hpp"

struct ssl_session_st;  // SSL_SESSION

namespace kefu::inline v0::net::testing {

inline constexpr std::chrono::seconds kPatience{30};

/// A TCP connection to a port of this machine.
class Stream {
 public:
  struct Options {
    int receive_buffer = 0;  ///< bytes; 0: the system's choice
    SSL_CTX* tls = nullptr;  ///< nullptr: plain, unless the whole program runs over TLS
    std::string_view server_name = {};
    ssl_session_st* session = nullptr;  ///< to be resumed
  };

  explicit Stream(std::uint16_t port) : Stream{port, Options{}} {}
  Stream(std::uint16_t port, Options options);

  void write(std::string_view bytes);
  /// What the network takes of it now: how many bytes.
  std::size_t write_some(std::string_view bytes);
  /// Whether something has come.
  [[nodiscard]] bool readable() const;
  /// At least one byte, or "" when the server has ended the connection.
  std::string read_some();
  /// The same, or nothing when what came belongs to TLS alone (the handshake).
  std::optional<std::string> read_now();
  /// Everything until the server ends the connection.
  std::string read_all();
  void end_writing() { socket_.end_writing(); }
  /// Breaks the connection off with a reset.
  void reset();
  [[nodiscard]] int descriptor() const noexcept { return socket_.descriptor(); }
  [[nodiscard]] SSL* tls() const noexcept { return socket_.tls().handle(); }

 private:
  Socket socket_;
};

struct HttpAnswer {
  http::Head head;
  std::string body;
};

/// Plain HTTP, several requests on one connection.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port) : stream_{port} {}
  HttpClient(std::uint16_t port, Stream::Options options) : stream_{port, options} {}

  void send(std::string_view text) { stream_.write(text); }
  HttpAnswer receive(bool with_body = true);
  HttpAnswer get(std::string_view target, std::string_view fields = {});
  [[nodiscard]] Stream& stream() noexcept { return stream_; }

 private:
  std::string receive_chunks(const http::Head& head);

  Stream stream_;
  std::string unread_;
};

struct Received {
  websocket::EventKind kind = websocket::EventKind::need_more;  ///< need_more: the server has ended
  std::string text;
  std::uint16_t code = 0;
  bool deflated = false;  ///< it came compressed
};

class WsClient {
 public:
  explicit WsClient(std::uint16_t port) : WsClient{port, Stream::Options{}} {}
  /// `extensions` is the value of Sec-WebSocket-Extensions: what is offered.
  WsClient(std::uint16_t port, Stream::Options options, std::string_view extensions = {});

  void send(std::string_view text) { send_frame(websocket::Opcode::text, true, text); }
  void send_frame(websocket::Opcode opcode, bool fin, std::string_view payload);
  /// A text message, compressed already.
  void send_deflated(std::string_view payload);
  void send_close(std::uint16_t code, std::string_view reason = {});
  /// Whether at least a part of something has come that was not received yet.
  [[nodiscard]] bool readable() const { return !unread_.empty() || stream_.readable(); }
  /// The next message, ping, pong or close.
  Received receive();
  /// The next message.
  std::string receive_text();
  /// Answers the server's close frame, or sends ours and awaits the answer; then the end.
  void close();
  [[nodiscard]] Stream& stream() noexcept { return stream_; }

 private:
  Stream stream_;
  websocket::Decoder decoder_{
      {.role = websocket::Role::client, .allow_rsv1 = true, .max_message = 1 << 26}};
  websocket::Inflater inflater_{1 << 26};
  std::string buffer_;
  std::span<std::byte> unread_;
};

/// The bytes of a client's frame.
std::string masked_frame(websocket::Opcode opcode, bool fin, std::string_view payload);

}  // namespace kefu::inline v0::net::testing
