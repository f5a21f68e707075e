#include "net/stream_connection.hpp"

#include <algorithm>
#include <kefu/net/websocket.hpp>
#include <kefu/wire/close_code.hpp>
#include <new>
#include <utility>

#include "net/link_quality.hpp"
#include "net/worker.hpp"
#include "prefetch.hpp"

namespace kefu::inline v0::net {
namespace {

constexpr std::size_t kInboundSize = 192;  // about as much as a message uses of whoever hears it

}  // namespace

StreamConnection::StreamConnection(Worker& worker, Socket socket, AddressHold address,
                                   std::string peer)
    : Link{worker, std::move(socket)},
      peer_{std::move(peer)},
      heard_{worker.tick()},
      deadline_{heard_} {
  address_ = std::move(address);
}

void StreamConnection::start(Acceptor& acceptor, std::string_view response,
                             std::string_view unread) {
  queue_.push({worker_.loop().frames().copy(response), FrameKind::raw}, worker_.chunks());
  write_later();
  if (!unread.empty()) {
    keep_unread(std::as_bytes(std::span{unread}));
    worker_.read_later(*this);
  }
  inbound_ = &acceptor.accepted(*this);
}

Executor& StreamConnection::executor() { return worker_.loop(); }

std::string_view StreamConnection::subject() const {
  return std::string_view{peer_}.substr(std::min(peer().size() + 1, peer_.size()));
}

std::optional<LinkQuality> StreamConnection::quality() const {
  return link_quality_of(descriptor());
}

SendStatus StreamConnection::send(SharedFrame frame) {
  if (state_ != State::open) return SendStatus::closed;
  try {
    queue_message(std::move(frame));
    write_later();
    count_held();
  } catch (const std::bad_alloc&) {
    give_up();
    return SendStatus::closed;
  }
  if (queue_.bytes() < worker_.site().options.send_queue && !worker_.is_full())
    return SendStatus::accepted;
  backpressured_ = true;
  return SendStatus::backpressure;
}

/// Without memory there is nothing to be said. The worker's next tick ends it.
void StreamConnection::give_up() noexcept {
  state_ = State::lingering;
  reason_ = errc::overloaded;
  deadline_ = worker_.tick();
}

void StreamConnection::pause_reading() { paused_ = state_ == State::open; }

void StreamConnection::resume_reading() {
  if (!paused_) return;
  try {
    worker_.read_later(*this);
    paused_ = false;
  } catch (const std::bad_alloc&) {
    give_up();
  }
}

void StreamConnection::close(errc reason) {
  if (state_ != State::open) return;
  try {
    begin_close(closing_state(), wire::close_code(reason), reason == errc::ok ? "" : name(reason),
                reason);
  } catch (const std::bad_alloc&) {
    give_up();
  }
}

void StreamConnection::shut_down() {
  if (state_ == State::open && !inbound_->on_stopping()) close(errc::shutting_down);
}

void StreamConnection::be_ready(Readiness readiness) {
  peer_ended_ = peer_ended_ || readiness.ended;
  if (readiness.writable && write_blocked_) {
    write_blocked_ = false;
    write_later();
  }
  if (is_readable(readiness)) read();
}

void StreamConnection::read() {
  prefetch(inbound_, kInboundSize);  // the kernel takes its time
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

/// The peer sends nothing more, without having said so in its protocol.
void StreamConnection::on_peer_end() {
  finish(state_ == State::open ? errc::unavailable : reason_);
}

void StreamConnection::begin_close(State state, std::uint16_t code, std::string_view text,
                                   errc reason) {
  queue_close(code, text);
  write_later();
  state_ = state;
  reason_ = reason;
  deadline_ = worker_.tick_after(worker_.site().options.close_timeout);
  resume_reading();  // for the peer's last words
}

void StreamConnection::flush() {
  write_pending_ = false;
  if (state_ == State::gone || write_blocked_) return;
  before_flush();
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
  // When all together hold too much, whoever has taken everything still goes on.
  const bool drained = queue_.empty() || (!worker_.is_full() &&
                                          queue_.bytes() < worker_.site().options.send_queue / 2);
  if (backpressured_ && state_ == State::open && drained) {
    backpressured_ = false;
    inbound_->on_writable();
  }
  if (queue_.empty()) on_drained();
}

void StreamConnection::on_drained() {
  switch (state_) {
    case State::answering:
      return finish(reason_);
    case State::lingering:
      return socket_.end_writing();
    case State::open:
      return on_idle();
    case State::closing:
    case State::gone:
      return;
  }
}

void StreamConnection::on_tick() {
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
  if (answers_heartbeats() && silent >= 2 * interval) return finish(errc::timed_out);
  if (silent < interval || pinged_ || queue_.has_heartbeat()) return;
  pinged_ = answers_heartbeats();
  if (!pinged_) heard_ = worker_.tick();
  queue_heartbeat();
  write_later();
}

void StreamConnection::finish(errc reason) {
  if (std::exchange(state_, State::gone) == State::gone) return;
  worker_.loop().poller().remove(descriptor());
  socket_ = Socket{};
  worker_.retire(*this);
  if (inbound_) inbound_->on_closed(reason);  // else the acceptor had no memory for it
}

void StreamConnection::count_held() {
  hold(queue_.bytes() + incomplete() + (unread_ ? unread_->size() : 0));
}

void StreamConnection::write_later() {
  if (write_blocked_ || write_pending_) return;
  worker_.write_later(*this);
  write_pending_ = true;
}

void StreamConnection::keep_unread(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  unread_ = std::make_unique<std::vector<std::byte>>(bytes.size() + websocket::kPadding);
  std::copy(bytes.begin(), bytes.end(), unread_->begin());
}

}  // namespace kefu::inline v0::net
