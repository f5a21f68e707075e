#include "net/ws_connection.hpp"

#include <algorithm>
#include <array>
#include <kefu/wire/close_code.hpp>
#include <utility>

#include "net/worker.hpp"

namespace kefu::inline v0::net {
namespace {

using websocket::EventKind;

constexpr std::size_t kRoomForPongs = 4096;  // bytes up to which each ping is answered

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

errc reason_for(websocket::Error error) noexcept {
  const bool large =
      error == websocket::Error::message_too_big || error == websocket::Error::inflates_too_much;
  return large ? errc::too_large : errc::bad_frame;
}

}  // namespace

WsConnection::WsConnection(Worker& worker, Socket socket, AddressHold address, std::string peer,
                           websocket::DeflateWindow deflate)
    : StreamConnection{worker, std::move(socket), std::move(address), std::move(peer)},
      deflate_{deflate} {}

void WsConnection::queue_message(SharedFrame frame) {
  SharedFrame deflated = worker_.deflater().deflate(frame, deflate_, worker_.loop().frames());
  if (deflated) {
    queue_.push({std::move(deflated), FrameKind::deflated}, worker_.chunks());
  } else {
    queue_.push({std::move(frame), FrameKind::text}, worker_.chunks());
  }
}

void WsConnection::queue_close(std::uint16_t code, std::string_view text) {
  std::array<std::byte, websocket::kMaxControlPayload> payload;
  const std::size_t size =
      code == websocket::kCloseNoStatus ? 0 : websocket::write_close_payload(code, text, payload);
  queue_.push(
      {worker_.loop().frames().copy(as_text(std::span{payload}.first(size))), FrameKind::close},
      worker_.chunks());
}

void WsConnection::queue_heartbeat() {
  queue_.push({SharedFrame{}, FrameKind::ping}, worker_.chunks());
}

void WsConnection::on_idle() {
  if (must_pong_) write_later();  // it waited for the one before it
}

void WsConnection::deliver(std::span<std::byte> input) {
  if (decoder_) {
    decode(*decoder_, input);
    if (decoder_->at_rest()) decoder_.reset();
  } else {
    websocket::Decoder decoder{{.allow_rsv1 = deflate_ != websocket::DeflateWindow::none,
                                .max_message = worker_.site().options.max_message}};
    decode(decoder, input);
    if (!decoder.at_rest()) decoder_ = std::make_unique<websocket::Decoder>(std::move(decoder));
  }
  if (paused_) keep_unread(input);
}

void WsConnection::decode(websocket::Decoder& decoder, std::span<std::byte>& input) {
  while ((state_ == State::open || state_ == State::closing) && !paused_) {
    const websocket::Event event = decoder.next(input);
    if (event.kind == EventKind::need_more) return;
    on_event(event);
  }
}

void WsConnection::on_event(const websocket::Event& event) {
  switch (event.kind) {
    case EventKind::text:
      if (state_ == State::open) on_text(event);
      return;
    case EventKind::binary:
      return refuse(wire::close_code(errc::unsupported), "text only", errc::unsupported);
    case EventKind::ping:
      if (state_ != State::open) return;
      // Where there is no room, only the last one is answered (RFC 6455 5.5.3).
      pong_ = worker_.loop().frames().copy(event.text());
      must_pong_ = true;
      queue_pong();
      return write_later();
    case EventKind::close:
      return on_peer_close(event);
    case EventKind::error:
      return refuse(event.error);
    case EventKind::pong:
    case EventKind::need_more:
      return;
  }
}

void WsConnection::on_text(const websocket::Event& event) {
  if (!event.rsv1) return inbound_->on_message(event.text(), websocket::kPadding);
  const websocket::Inflated inflated = worker_.inflater().inflate(event.payload);
  if (inflated.error != websocket::Error::none) return refuse(inflated.error);
  if (!websocket::is_valid_text(inflated.payload)) return refuse(websocket::Error::invalid_utf8);
  inbound_->on_message(as_text(inflated.payload), websocket::kPadding);
}

void WsConnection::on_peer_close(const websocket::Event& event) {
  if (state_ == State::open) {
    return begin_close(State::answering, event.code, event.text(), errc::ok);
  }
  state_ = State::answering;
  if (queue_.empty()) finish(reason_);
}

void WsConnection::refuse(std::uint16_t code, std::string_view text, errc reason) {
  if (state_ == State::open) return begin_close(State::lingering, code, text, reason);
  state_ = State::lingering;  // our close frame is under way already
}

void WsConnection::refuse(websocket::Error error) {
  refuse(websocket::close_code(error), websocket::to_string(error), reason_for(error));
}

void WsConnection::queue_pong() {
  if (!must_pong_ || state_ != State::open) return;
  if (queue_.has_heartbeat() && queue_.bytes() >= kRoomForPongs) return;
  must_pong_ = false;
  queue_.push({std::move(pong_), FrameKind::pong}, worker_.chunks());
}

}  // namespace kefu::inline v0::net
