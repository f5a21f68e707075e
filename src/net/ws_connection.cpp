#include "net/ws_connection.hpp"

#include <algorithm>
#include <array>
#include <kefu/wire/close_code.hpp>
#include <new>
#include <utility>

#include "net/link_quality.hpp"
#include "net/worker.hpp"

namespace kefu::net {
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
    : Link{worker, std::move(socket)},
      decoder_{{.allow_rsv1 = deflate != websocket::DeflateWindow::none,
                .max_message = worker.site().options.max_message}},
      peer_{std::move(peer)},
      heard_{worker.tick()},
      deadline_{heard_},
      deflate_{deflate} {
  address_ = std::move(address);
}

void WsConnection::start(Acceptor& acceptor, std::string_view response, std::string_view unread) {
  queue_.push({worker_.loop().frames().copy(response), FrameKind::raw}, worker_.chunks());
  write_later();
  if (!unread.empty()) {
    keep_unread(std::as_bytes(std::span{unread}));
    worker_.read_later(*this);
  }
  inbound_ = &acceptor.accepted(*this);
}

Executor& WsConnection::executor() { return worker_.loop(); }

std::string_view WsConnection::subject() const {
  return std::string_view{peer_}.substr(std::min(peer().size() + 1, peer_.size()));
}

std::optional<LinkQuality> WsConnection::quality() const { return link_quality_of(descriptor()); }

SendStatus WsConnection::send(SharedFrame frame) {
  if (state_ != State::open) return SendStatus::closed;
  try {
    queue_text(std::move(frame));
  } catch (const std::bad_alloc&) {
    give_up();
    return SendStatus::closed;
  }
  if (queue_.bytes() < worker_.site().options.send_queue && !worker_.is_full())
    return SendStatus::accepted;
  backpressured_ = true;
  return SendStatus::backpressure;
}

void WsConnection::queue_text(SharedFrame frame) {
  SharedFrame deflated = worker_.deflater().deflate(frame, deflate_, worker_.loop().frames());
  if (deflated) {
    queue_.push({std::move(deflated), FrameKind::deflated}, worker_.chunks());
  } else {
    queue_.push({std::move(frame), FrameKind::text}, worker_.chunks());
  }
  write_later();
  count_held();
}

/// Without memory there is nothing to be said. The worker's next tick ends it.
void WsConnection::give_up() noexcept {
  state_ = State::lingering;
  reason_ = errc::overloaded;
  deadline_ = worker_.tick();
}

void WsConnection::pause_reading() { paused_ = state_ == State::open; }

void WsConnection::resume_reading() {
  if (!paused_) return;
  try {
    worker_.read_later(*this);
    paused_ = false;
  } catch (const std::bad_alloc&) {
    give_up();
  }
}

void WsConnection::close(errc reason) {
  if (state_ != State::open) return;
  try {
    begin_close(State::closing, wire::close_code(reason), reason == errc::ok ? "" : name(reason),
                reason);
  } catch (const std::bad_alloc&) {
    give_up();
  }
}

void WsConnection::shut_down() {
  if (state_ == State::open && !inbound_->on_stopping()) close(errc::shutting_down);
}

void WsConnection::be_ready(Readiness readiness) {
  peer_ended_ = peer_ended_ || readiness.ended;
  if (readiness.writable && write_blocked_) {
    write_blocked_ = false;
    write_later();
  }
  if (is_readable(readiness)) read();
}

void WsConnection::read() {
  if (unread_ && !paused_) {
    const auto unread = std::move(unread_);
    deliver(std::span{*unread}.first(unread->size() - websocket::kPadding));
  }
  const auto buffer = worker_.loop().read_buffer();
  while (!paused_ && state_ != State::gone) {
    const IoResult result = socket_.read(buffer);
    switch (result.status) {
      case IoStatus::done:
        break;
      case IoStatus::would_block:
        return await_readable();
      case IoStatus::ended:
      case IoStatus::failed:
        return on_peer_end();
    }
    heard_ = worker_.tick();
    pinged_ = false;
    deliver(buffer.first(result.bytes));
    if (state_ == State::gone) return;
    count_held();
    if (paused_) return;
    if (result.bytes == buffer.size() || result.again) return worker_.read_later(*this);
    if (!peer_ended_) return await_readable();
  }
}

void WsConnection::deliver(std::span<std::byte> input) {
  while (state_ == State::open || state_ == State::closing) {
    const websocket::Event event = decoder_.next(input);
    if (event.kind == EventKind::need_more) return;
    on_event(event);
    if (paused_) return keep_unread(input);
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

/// The peer sends nothing more, without having said so in its protocol.
void WsConnection::on_peer_end() { finish(state_ == State::open ? errc::unavailable : reason_); }

void WsConnection::refuse(std::uint16_t code, std::string_view text, errc reason) {
  if (state_ == State::open) return begin_close(State::lingering, code, text, reason);
  state_ = State::lingering;  // our close frame is under way already
}

void WsConnection::refuse(websocket::Error error) {
  refuse(websocket::close_code(error), websocket::to_string(error), reason_for(error));
}

void WsConnection::begin_close(State state, std::uint16_t code, std::string_view text,
                               errc reason) {
  std::array<std::byte, websocket::kMaxControlPayload> payload;
  const std::size_t size =
      code == websocket::kCloseNoStatus ? 0 : websocket::write_close_payload(code, text, payload);
  queue_.push(
      {worker_.loop().frames().copy(as_text(std::span{payload}.first(size))), FrameKind::close},
      worker_.chunks());
  write_later();
  state_ = state;
  reason_ = reason;
  deadline_ = worker_.tick_after(worker_.site().options.close_timeout);
  resume_reading();  // for the peer's close frame
}

void WsConnection::flush() {
  write_pending_ = false;
  if (state_ == State::gone || write_blocked_) return;
  queue_pong();
  WriteBatch& batch = worker_.batch();
  while (!queue_.empty()) {
    batch.clear();
    queue_.fill(batch);
    const IoResult result = socket_.write(batch.parts());
    if (result.status == IoStatus::failed) return on_peer_end();
    queue_.consume(result.bytes, worker_.chunks());
    if (result.bytes != batch.bytes()) {
      write_blocked_ = true;
      worker_.loop().poller().await_writable(descriptor());
      break;
    }
  }
  count_held();
  if (backpressured_ && state_ == State::open && !worker_.is_full() &&
      queue_.bytes() < worker_.site().options.send_queue / 2) {
    backpressured_ = false;
    inbound_->on_writable();
  }
  if (queue_.empty()) on_drained();
}

void WsConnection::queue_pong() {
  if (!must_pong_ || state_ != State::open) return;
  if (queue_.has_heartbeat() && queue_.bytes() >= kRoomForPongs) return;
  must_pong_ = false;
  queue_.push({std::move(pong_), FrameKind::pong}, worker_.chunks());
}

void WsConnection::on_drained() {
  switch (state_) {
    case State::answering:
      return finish(reason_);
    case State::lingering:
      return socket_.end_writing();
    case State::open:
      if (must_pong_) write_later();  // it waited for the one before it
      return;
    case State::closing:
    case State::gone:
      return;
  }
}

void WsConnection::on_tick() {
  if (state_ == State::gone) return;
  if (state_ != State::open) {
    if (worker_.has_come(deadline_)) finish(reason_);
    return;
  }
  if (backpressured_ && !write_blocked_) write_later();  // the bound for all may let it go on
  if (paused_) heard_ = worker_.tick();                  // it may have spoken, unheard
  const std::uint32_t silent = worker_.tick() - heard_;
  const std::uint32_t interval =
      worker_.tick_after(worker_.site().options.ping_interval) - worker_.tick();
  if (silent >= 2 * interval) return finish(errc::timed_out);
  if (silent < interval || pinged_ || queue_.has_heartbeat()) return;
  pinged_ = true;
  queue_.push({SharedFrame{}, FrameKind::ping}, worker_.chunks());
  write_later();
}

void WsConnection::finish(errc reason) {
  if (std::exchange(state_, State::gone) == State::gone) return;
  worker_.loop().poller().remove(descriptor());
  socket_ = Socket{};
  worker_.retire(*this);
  if (inbound_) inbound_->on_closed(reason);  // else the acceptor had no memory for it
}

void WsConnection::count_held() {
  hold(queue_.bytes() + decoder_.buffered_capacity() + (unread_ ? unread_->size() : 0));
}

void WsConnection::write_later() {
  if (write_blocked_ || write_pending_) return;
  worker_.write_later(*this);
  write_pending_ = true;
}

void WsConnection::keep_unread(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  unread_ = std::make_unique<std::vector<std::byte>>(bytes.size() + websocket::kPadding);
  std::copy(bytes.begin(), bytes.end(), unread_->begin());
}

}  // namespace kefu::net
