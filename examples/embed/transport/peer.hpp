// One WebSocket of Boost.Beast as a kefu::Connection. Beast calls its handlers from the loop, so
// the Hub is told from them, and never inside a call that the Hub makes. It writes each frame on
// its own; kefu's own server gathers those of a turn, as the contract says, and so saves system
// calls.
#pragma once

#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <deque>
#include <functional>
#include <kefu/limits.hpp>
#include <kefu/transport.hpp>
#include <kefu/wire/close_code.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "beast_transport.hpp"

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
    stream_.read_message_max(bounds_.max_frame);
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
    busy_ = 1;
    stream_.async_accept([self = shared_from_this(), &acceptor](Failed failed) {
      --self->busy_;
      if (failed || self->gone_) return self->lose(kefu::errc::unavailable);
      self->inbound_ = &acceptor.accepted(*self);
      self->read();
    });
  }
  void stop() {
    if (!inbound_) return cut();
    if (!inbound_->on_stopping()) close(kefu::errc::shutting_down);
  }
  void cut() { lose(kefu::errc::unavailable); }

  kefu::SendStatus send(kefu::SharedFrame frame) override {
    if (closing_ || gone_) return kefu::SendStatus::closed;
    queued_ += frame.size();
    out_.push_back(std::move(frame));
    write_later();
    if (queued_ < bounds_.send_queue) return kefu::SendStatus::accepted;
    pressed_ = true;
    return kefu::SendStatus::backpressure;
  }
  std::size_t buffered() const override { return queued_; }
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
    ++busy_;
    stream_.async_read(in_, [self = shared_from_this()](Failed failed, std::size_t) {
      self->reading_ = false;
      --self->busy_;
      if (failed)
        return self->lose(failed == websocket::error::closed ? kefu::errc::ok
                                                             : kefu::errc::unavailable);
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
    if (gone_ || (out_.empty() && !closing_)) {
      writing_ = false;
      return;
    }
    ++busy_;
    if (out_.empty()) {
      stream_.async_close({websocket::close_code(kefu::wire::close_code(*closing_))},
                          [self = shared_from_this()](Failed) {
                            --self->busy_;
                            self->lose(kefu::errc::ok);
                          });
      return;
    }
    const auto bytes = out_.front().bytes();
    stream_.async_write(boost::asio::buffer(bytes.data(), bytes.size()),
                        [self = shared_from_this()](Failed failed, std::size_t) {
                          --self->busy_;
                          if (failed) return self->lose(kefu::errc::unavailable);
                          self->wrote();
                          self->write();
                        });
  }
  void wrote() {
    queued_ -= out_.front().size();
    out_.pop_front();
    if (!pressed_ || queued_ >= bounds_.send_queue / 2) return;
    pressed_ = false;
    if (!closing_ && !gone_) inbound_->on_writable();
  }
  /// The socket goes, which ends what Beast has under way; the last of that is the end.
  void lose(kefu::errc reason) {
    if (!gone_) gone_ = closing_.value_or(reason);
    stream_.next_layer().close();
    if (busy_ > 0 || !ended_) return;
    if (inbound_) inbound_->on_closed(*gone_);
    std::exchange(ended_, {})();
  }

  const kefu::limits bounds_;  // the Hub's defaults
  Loop& loop_;
  const kefu::Nanoseconds close_timeout_;
  websocket::stream<boost::beast::tcp_stream> stream_;
  boost::beast::flat_buffer in_;
  std::deque<kefu::SharedFrame> out_;
  std::size_t queued_ = 0;
  std::string address_;
  kefu::Inbound* inbound_ = nullptr;
  std::function<void()> ended_;
  int busy_ = 0;  // operations of Beast under way
  bool reading_ = false, paused_ = false, writing_ = false, pressed_ = false;
  std::optional<kefu::errc> closing_, gone_;
};

}  // namespace host
