#include "integration/net/client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <kefu/net/http_body.hpp>
#include <kefu/net/upgrade.hpp>
#include <stdexcept>
#include <system_error>

#include "integration/net/certificates.hpp"

namespace kefu::inline v0::net::testing {
namespace {

using websocket::EventKind;
using websocket::Opcode;

constexpr std::uint32_t kMask = 0x21fa3d37;

void await(int descriptor, short events) {
  pollfd waiting{descriptor, events, 0};
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(kPatience);
  if (::poll(&waiting, 1, static_cast<int>(milliseconds.count())) <= 0) {
    throw std::runtime_error("nothing came from the server");
  }
}

int connect_to(std::uint16_t port, const Stream::Options& options) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) throw std::system_error(errno, std::system_category(), "socket");
  if (options.receive_buffer != 0) {
    ::setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &options.receive_buffer,
                 sizeof options.receive_buffer);
  }
  const int at_once = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    Socket{descriptor};
    throw std::system_error(error, std::system_category(), "connect");
  }
  return descriptor;
}

}  // namespace

Stream::Stream(std::uint16_t port, Options options) : socket_{connect_to(port, options)} {
  if (!options.tls && over_tls()) options.tls = any_client();
  if (!options.tls) return;
  SSL* const ssl = SSL_new(options.tls);
  SSL_set_connect_state(ssl);
  if (!options.server_name.empty()) {
    SSL_set_tlsext_host_name(ssl, std::string{options.server_name}.c_str());
  }
  if (options.session) SSL_set_session(ssl, options.session);
  socket_.use(TlsStream{ssl, socket_.descriptor()});
}

void Stream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    await(descriptor(), POLLOUT);
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    const IoResult result = socket_.write({&part, 1});
    if (result.status == IoStatus::would_block && socket_.tls() && !SSL_want_write(tls())) {
      await(descriptor(), POLLIN);  // the handshake
    }
    if (result.status == IoStatus::failed) throw std::runtime_error("the server is gone");
    bytes.remove_prefix(result.bytes);
  }
}

std::size_t Stream::write_some(std::string_view bytes) {
  if (bytes.empty()) return 0;
  const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  const IoResult result = socket_.write({&part, 1});
  if (result.status == IoStatus::failed) throw std::runtime_error("the server is gone");
  return result.bytes;
}

bool Stream::readable() const {
  pollfd waiting{descriptor(), POLLIN, 0};
  return (socket_.tls() && socket_.tls().has_pending()) || ::poll(&waiting, 1, 0) > 0;
}

std::string Stream::read_some() {
  for (;;) {
    if (!socket_.tls() || !socket_.tls().has_pending()) await(descriptor(), POLLIN);
    if (std::optional<std::string> bytes = read_now()) return *std::move(bytes);
  }
}

std::optional<std::string> Stream::read_now() {
  std::string bytes(64 * 1024, '\0');
  const IoResult result = socket_.read(std::as_writable_bytes(std::span{bytes}));
  if (result.status == IoStatus::would_block) return std::nullopt;
  bytes.resize(result.bytes);
  return bytes;
}

std::string Stream::read_all() {
  std::string all;
  for (;;) {
    const std::string some = read_some();
    if (some.empty()) return all;
    all += some;
  }
}

void Stream::reset() {
  const linger at_once{1, 0};
  ::setsockopt(descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  socket_ = Socket{};
}

HttpAnswer HttpClient::receive(bool with_body) {
  http::HeadParser parser{http::HeadKind::response};
  for (;;) {
    std::string_view input = unread_;
    const auto status = parser.feed(input);
    unread_ = std::string{input};
    if (status == http::HeadParser::Status::complete) break;
    if (status == http::HeadParser::Status::failed) throw std::runtime_error("not a response");
    unread_ = stream_.read_some();
    if (unread_.empty()) throw std::runtime_error("the server ended before it answered");
  }
  HttpAnswer answer{std::move(parser).take_head(), {}};
  if (with_body && answer.head.chunked()) {
    answer.body = receive_chunks(answer.head);
    return answer;
  }
  const std::size_t size = with_body ? answer.head.content_length().value_or(0) : 0;
  while (unread_.size() < size) {
    const std::string some = stream_.read_some();
    if (some.empty()) throw std::runtime_error("the server ended inside a body");
    unread_ += some;
  }
  answer.body = unread_.substr(0, size);
  unread_.erase(0, size);
  return answer;
}

std::string HttpClient::receive_chunks(const http::Head& head) {
  constexpr std::size_t kMost = 1 << 27;
  http::BodyReader reader{head, kMost};
  for (;;) {
    std::string_view input = unread_;
    const auto status = reader.feed(input);
    unread_ = std::string{input};
    if (status == http::BodyReader::Status::complete) return reader.take();
    if (status == http::BodyReader::Status::failed) throw std::runtime_error("bad chunks");
    unread_ = stream_.read_some();
    if (unread_.empty()) throw std::runtime_error("the server ended inside a body");
  }
}

HttpAnswer HttpClient::get(std::string_view target, std::string_view fields) {
  send("GET " + std::string{target} + " HTTP/1.1\r\nHost: test\r\n" + std::string{fields} + "\r\n");
  return receive();
}

WsClient::WsClient(std::uint16_t port, Stream::Options options, std::string_view extensions)
    : stream_{port, options} {
  UpgradeRequest request;
  request.host = "test";
  request.target = "/ws";
  std::string text = write_upgrade_request(request);
  if (!extensions.empty()) {
    text.insert(text.size() - 2, "Sec-WebSocket-Extensions: " + std::string{extensions} + "\r\n");
  }
  stream_.write(text);
  http::HeadParser parser{http::HeadKind::response};
  for (;;) {
    buffer_ = stream_.read_some();
    if (buffer_.empty()) throw std::runtime_error("the server ended during the handshake");
    std::string_view input = buffer_;
    const auto status = parser.feed(input);
    if (status == http::HeadParser::Status::need_more) continue;
    const UpgradeError error = status == http::HeadParser::Status::failed
                                   ? UpgradeError::refused
                                   : check_upgrade_response(parser.head(), request);
    const bool extended = error == UpgradeError::bad_extension && !extensions.empty();
    if (error != UpgradeError::none && !extended) {
      throw std::runtime_error("the server refused the upgrade");
    }
    const std::size_t rest = input.size();
    buffer_.append(websocket::kPadding, '\0');
    unread_ = std::as_writable_bytes(std::span{buffer_})
                  .subspan(buffer_.size() - websocket::kPadding - rest, rest);
    return;
  }
}

std::string masked_frame(Opcode opcode, bool fin, std::string_view payload) {
  std::vector<std::byte> frame;
  websocket::append_masked(frame, opcode, fin, std::as_bytes(std::span{payload}), kMask);
  return {reinterpret_cast<const char*>(frame.data()), frame.size()};
}

void WsClient::send_frame(Opcode opcode, bool fin, std::string_view payload) {
  stream_.write(masked_frame(opcode, fin, payload));
}

void WsClient::send_deflated(std::string_view payload) {
  std::string frame = masked_frame(Opcode::text, true, payload);
  frame[0] = static_cast<char>(frame[0] | 0x40);
  stream_.write(frame);
}

void WsClient::send_close(std::uint16_t code, std::string_view reason) {
  std::array<std::byte, websocket::kMaxControlPayload> payload;
  const std::size_t size = websocket::write_close_payload(code, reason, payload);
  send_frame(Opcode::close, true, {reinterpret_cast<const char*>(payload.data()), size});
}

Received WsClient::receive() {
  for (;;) {
    const websocket::Event event = decoder_.next(unread_);
    if (event.kind == EventKind::error) throw std::runtime_error("the server broke the protocol");
    if (event.rsv1) {
      const websocket::Inflated inflated = inflater_.inflate(event.payload);
      if (inflated.error != websocket::Error::none) throw std::runtime_error("bad deflate");
      return {event.kind,
              {reinterpret_cast<const char*>(inflated.payload.data()), inflated.payload.size()},
              0,
              true};
    }
    if (event.kind != EventKind::need_more) {
      return {event.kind, std::string{event.text()}, event.code};
    }
    buffer_ = stream_.read_some();
    if (buffer_.empty()) return {};
    const std::size_t size = buffer_.size();
    buffer_.append(websocket::kPadding, '\0');
    unread_ = std::as_writable_bytes(std::span{buffer_}).first(size);
  }
}

std::string WsClient::receive_text() {
  for (;;) {
    Received received = receive();
    if (received.kind == EventKind::text) return std::move(received.text);
    if (received.kind == EventKind::need_more || received.kind == EventKind::close) {
      throw std::runtime_error("the server ended instead of sending a message");
    }
  }
}

void WsClient::close() {
  send_close(websocket::kCloseNormal);
  for (;;) {
    if (receive().kind == EventKind::need_more) return;
  }
}

}  // namespace kefu::inline v0::net::testing
