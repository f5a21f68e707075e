// One WebSocket of Boost.Beast as a kefu::Connection. Beast calls its handlers from the loop, so
// the Hub is told from them, and never inside a call that the Hub makes. It writes each frame on
// its own; kefu's own server gathers those of a turn, as the contract says, and so saves system
// calls.
#pragma once

#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <functional>
#include <kefu/limits.hpp>
#include <kefu/transport.hpp>
#include <kefu/wire/close_code.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "beast_transport.hpp"
#include "send_queue.hpp"

namespace host {

namespace websocket = boost::beast::websocket;

class Peer final : public kefu::Connection, public std::enable_shared_from_this<Peer> {
  using Failed = boost::system::error_code;

 public:
  Peer(Loop& loop, boost::asio::ip::tcp::socket socket, kefu::Nanoseconds close_timeout)
      : loop_(loop), close_timeout_(close_timeout), stream_(std::move(socket)) {
    Failed ignored;
    const auto from = stream_.next_layer().socket().remote_endpoint(ignored);
    address_ = from.address().to_string();
    stream_.next_layer().socket().set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    stream_.read_message_max(kefu::limits{}.max_frame);
    stream_.text(true);
    stream_.auto_fragment(false);
    stream_.control_callback(
        [this](websocket::frame_type kind, boost::beast::string_view) { on_control(kind); });
    stream_.set_option(websocket::stream_base::timeout::suggested(boost::beast::role_type::server));
    stream_.set_option(websocket::stream_base::decorator([](websocket::response_type& answer) {
      answer.set("Sec-WebSocket-Protocol", "kefu.v1");  // kefu's clients offer just that
    }));
  }

  void begin(kefu::Acceptor& acceptor, std::function<void()> ended) {
    ended_ = std::move(ended);
    stream_.async_accept([self = shared_from_this(), &acceptor](Failed failed) {
      if (failed || self->gone_) return self->cut();
      self->inbound_ = &acceptor.accepted(*self);
      self->read();
    });
  }
  void stop() {
    if (!inbound_) return cut();
    if (!inbound_->on_stopping()) close(kefu::errc::shutting_down);
  }
  /// The end of it. What Beast has still under way finds it `gone_`.
  void cut() {
    if (std::exchange(gone_, true)) return;
    stream_.next_layer().close();
    if (inbound_) inbound_->on_closed(closing_.value_or(kefu::errc::unavailable));
    ended_();
  }

  kefu::SendStatus send(kefu::SharedFrame frame) override {
    if (closing_ || gone_) return kefu::SendStatus::closed;
    write_later();
    return out_.add(std::move(frame));
  }
  std::size_t buffered() const override { return out_.bytes(); }
  void pause_reading() override { paused_ = true; }
  void resume_reading() override {
    paused_ = false;
    loop_.post([self = shared_from_this()] { self->read(); });
  }
  void close(kefu::errc reason) override {
    if (closing_ || gone_) return;
    closing_ = reason;
    write_later();
    cut_later();
  }
  std::string_view peer() const override { return address_; }
  kefu::Executor& executor() override { return loop_; }

 private:
  void cut_later() {
    loop_.post_at(loop_.now() + close_timeout_, [late = weak_from_this()] {
      if (const auto self = late.lock()) self->cut();
    });
  }
  /// Beast answers a goodbye, and then waits for the peer to go first.
  void on_control(websocket::frame_type kind) {
    if (kind != websocket::frame_type::close || closing_) return;
    closing_ = kefu::errc::ok;
    cut_later();
  }
  void read() {
    if (reading_ || paused_ || closing_ || gone_) return;
    reading_ = true;
    stream_.async_read(in_, [self = shared_from_this()](Failed failed, std::size_t) {
      self->reading_ = false;
      if (failed) return self->cut();
      self->take_message();
      self->read();
    });
  }
  void take_message() {
    const auto bytes = in_.cdata();
    if (!stream_.got_text()) close(kefu::errc::unsupported);
    if (!closing_ && !gone_)
      inbound_->on_message({static_cast<const char*>(bytes.data()), bytes.size()}, 0);
    in_.clear();
  }
  void write_later() {
    if (!std::exchange(writing_, true)) loop_.post([self = shared_from_this()] { self->write(); });
  }
  /// What is queued, then the goodbye.
  void write() {
    writing_ = !out_.empty() && !gone_;
    if (writing_) {
      const auto bytes = out_.front();
      stream_.async_write(boost::asio::buffer(bytes.data(), bytes.size()),
                          [self = shared_from_this()](Failed failed, std::size_t) {
                            failed ? self->cut() : self->wrote();
                            self->write();
                          });
    } else if (closing_ && !gone_) {
      stream_.async_close({websocket::close_code(kefu::wire::close_code(*closing_))},
                          [self = shared_from_this()](Failed) { self->cut(); });
    }
  }
  void wrote() {
    if (out_.pop() && !closing_ && !gone_) inbound_->on_writable();
  }

  Loop& loop_;
  const kefu::Nanoseconds close_timeout_;
  websocket::stream<boost::beast::tcp_stream> stream_;
  boost::beast::flat_buffer in_;
  SendQueue out_;
  std::string address_;
  kefu::Inbound* inbound_ = nullptr;
  std::function<void()> ended_;
  bool reading_ = false, paused_ = false, writing_ = false, gone_ = false;
  std::optional<kefu::errc> closing_;
};

}  // namespace host
