// WebSocket: one Attempt after the other. An attempt is kept alive by its own handlers; the link
// lets go of it, and it tells nobody any more.
#include <kefu/client/websocket.hpp>
#include <kefu/net/http_head.hpp>
#include <kefu/net/upgrade.hpp>
#include <kefu/net/websocket.hpp>
#include <kefu/wire/close_code.hpp>

#include <array>
#include <chrono>
#include <random>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "net/asio.hpp"
#include "net/loop.hpp"
#include "net/url.hpp"
// After net/asio.hpp, which says why.
#include <asio/connect.hpp>
#include <asio/write.hpp>

namespace kefu::inline v0::client {
namespace {

namespace ws = net::websocket;
using Tcp = asio::ip::tcp;
using asio::error_code;

constexpr std::size_t kReadBuffer = 16 * 1024;

std::array<std::byte, 16> fresh_nonce() {
  std::random_device device;
  std::array<std::byte, 16> nonce;
  for (std::byte& one : nonce) one = static_cast<std::byte>(device());
  return nonce;
}

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span{text});
}

/// One connection, from the first look at the name to the last byte.
class Attempt {
 public:
  using Ptr = std::shared_ptr<Attempt>;

  Attempt(asio::io_context& context, const WebSocketOptions& options, const net::Url& url,
          LinkEvents& events)
      : options_(options),
        url_(url),
        resolver_(context),
        socket_(context),
        timer_(context),
        events_(&events),
        decoder_({.role = ws::Role::client, .max_message = options.max_message}),
        buffer_(kReadBuffer + ws::kPadding),
        mask_(std::random_device{}()) {}

  static void start(const Ptr& self) {
    self->resolver_.async_resolve(
        self->url_.host, self->url_.port,
        [self](const error_code& error, const Tcp::resolver::results_type& found) {
          if (!self->events_) return;
          if (error) return self->end(errc::unavailable);
          asio::async_connect(self->socket_, found,
                              [self](const error_code& failed, const Tcp::endpoint&) {
                                if (!self->events_) return;
                                if (failed) return self->end(errc::unavailable);
                                upgrade(self);
                              });
        });
  }

  static void send(const Ptr& self, std::string_view message) {
    if (!self->open_) return;
    write(self, ws::Opcode::text, as_bytes(message));
  }

  /// From now on nobody is told anything. What is queued may still go out.
  static void let_go(const Ptr& self) {
    self->events_ = nullptr;
    if (!self->open_) return self->shut();
    self->open_ = false;
    write_close(self, ws::kCloseNormal);
    self->timer_.expires_after(self->options_.close_timeout);
    self->timer_.async_wait([self](const error_code& error) {
      if (!error) self->shut();
    });
  }

 private:
  // ---- the opening handshake

  static void upgrade(const Ptr& self) {
    error_code ignored;
    self->socket_.set_option(Tcp::no_delay(true), ignored);
    self->request_.host = self->url_.authority;
    self->request_.target = self->url_.target;
    self->request_.origin = self->options_.origin;
    self->request_.subprotocol = self->options_.subprotocol;
    self->request_.nonce = fresh_nonce();
    const std::string head = net::write_upgrade_request(self->request_);
    const auto bytes = as_bytes(head);
    self->queued_.insert(self->queued_.end(), bytes.begin(), bytes.end());
    flush(self);
    read(self);
  }

  /// The server's answer; what follows it belongs to the WebSocket.
  bool take_head(std::span<std::byte>& input) {
    std::string_view text{reinterpret_cast<const char*>(input.data()), input.size()};
    const auto status = head_.feed(text);
    input = input.last(text.size());
    if (status == net::http::HeadParser::Status::need_more) return false;
    if (status == net::http::HeadParser::Status::failed ||
        net::check_upgrade_response(head_.head(), request_) != net::UpgradeError::none) {
      end(errc::unavailable);
      return false;
    }
    open_ = true;
    events_->on_opened();
    return open_;
  }

  // ---- reading

  static void read(const Ptr& self) {
    self->socket_.async_read_some(asio::buffer(self->buffer_.data(), kReadBuffer),
                                  [self](const error_code& error, std::size_t size) {
                                    if (error)
                                      return self->events_ ? self->end(errc::unavailable)
                                                           : self->shut();
                                    self->silent_ = 0;
                                    deliver(self, std::span{self->buffer_}.first(size));
                                    if (self->socket_.is_open()) read(self);
                                  });
  }

  static void deliver(const Ptr& self, std::span<std::byte> input) {
    if (!self->events_) return;  // it said goodbye: what still comes is of no interest
    if (!self->open_) {
      if (!self->take_head(input)) return;
      watch(self);
    }
    while (self->events_) {
      const ws::Event event = self->decoder_.next(input);
      switch (event.kind) {
        case ws::EventKind::need_more:
          return;
        case ws::EventKind::text:
          self->events_->on_message(event.text(), ws::kPadding);
          break;
        case ws::EventKind::ping:
          write(self, ws::Opcode::pong, event.payload);
          break;
        case ws::EventKind::pong:
          break;
        case ws::EventKind::binary:
          write_close(self, wire::close_code(errc::unsupported));
          return self->end(errc::unsupported);
        case ws::EventKind::close:
          write_close(self, ws::kCloseNormal);
          return self->end(wire::reason_from_close_code(event.code));
        case ws::EventKind::error:
          write_close(self, ws::close_code(event.error));
          return self->end(errc::bad_frame);
      }
    }
  }

  // ---- writing: what is queued while a write is under way goes with the next one

  static void write(const Ptr& self, ws::Opcode opcode, std::span<const std::byte> payload) {
    ws::append_masked(self->queued_, opcode, true, payload,
                      static_cast<std::uint32_t>(self->mask_()));
    if (self->writing_ || std::exchange(self->write_posted_, true)) return;
    asio::post(self->socket_.get_executor(), [self] {
      self->write_posted_ = false;
      if (!self->writing_) flush(self);
    });
  }
  static void write_close(const Ptr& self, std::uint16_t code) {
    std::array<std::byte, ws::kMaxControlPayload> payload;
    const std::size_t size = ws::write_close_payload(code, {}, payload);
    write(self, ws::Opcode::close, std::span{payload}.first(size));
  }

  static void flush(const Ptr& self) {
    if (self->queued_.empty() || !self->socket_.is_open()) return;
    self->writing_ = true;
    self->under_way_.swap(self->queued_);
    self->queued_.clear();
    asio::async_write(self->socket_, asio::buffer(self->under_way_),
                      [self](const error_code& error, std::size_t) {
                        self->writing_ = false;
                        if (!error && !self->queued_.empty()) return flush(self);
                        if (self->events_) return;  // a broken link shows at the next read
                        error_code ignored;
                        self->socket_.shutdown(Tcp::socket::shutdown_send, ignored);
                        if (error || self->ended_) self->shut();
                      });
  }

  // ---- the end

  /// A server that says nothing is asked; one that does not answer is gone.
  static void watch(const Ptr& self) {
    self->timer_.expires_after(self->options_.ping_interval);
    self->timer_.async_wait([self](const error_code& error) {
      if (error || !self->events_) return;
      if (++self->silent_ > 2) return self->end(errc::timed_out);
      if (self->silent_ == 2) write(self, ws::Opcode::ping, {});
      watch(self);
    });
  }

  /// The connection is over, and the client is told why.
  void end(errc reason) {
    LinkEvents* const events = std::exchange(events_, nullptr);
    open_ = false;
    ended_ = true;
    if (queued_.empty() && !writing_) {
      shut();
    } else {
      timer_.cancel();  // the last words go out first; then the socket is closed
    }
    if (events) events->on_closed(reason);
  }

  void shut() {
    error_code ignored;
    resolver_.cancel();
    timer_.cancel();
    socket_.close(ignored);
  }

  const WebSocketOptions options_;
  const net::Url url_;
  Tcp::resolver resolver_;
  Tcp::socket socket_;
  asio::steady_timer timer_;
  LinkEvents* events_;  // null: nobody listens any more
  net::UpgradeRequest request_;
  net::http::HeadParser head_{net::http::HeadKind::response};
  ws::Decoder decoder_;
  std::vector<std::byte> buffer_;
  std::vector<std::byte> queued_;
  std::vector<std::byte> under_way_;
  std::mt19937_64 mask_;
  int silent_ = 0;  // intervals in which nothing came
  bool open_ = false;
  bool ended_ = false;
  bool writing_ = false;
  bool write_posted_ = false;
};

}  // namespace

struct WebSocket::Impl {
  Impl(net::Loop& with_loop, WebSocketOptions with)
      : loop(with_loop), options(std::move(with)), url(net::parse_url(options.url, "ws")) {
    if (url.secure) throw std::invalid_argument("wss:// is not served yet: " + options.url);
  }

  void let_go() {
    if (const Attempt::Ptr last = std::exchange(attempt, nullptr)) Attempt::let_go(last);
  }

  net::Loop& loop;
  const WebSocketOptions options;
  const net::Url url;
  Attempt::Ptr attempt;
};

WebSocket::WebSocket(net::Loops& loops, WebSocketOptions options, std::size_t loop)
    : impl_(std::make_unique<Impl>(static_cast<net::Loop&>(*loops.executors().at(loop)),
                                   std::move(options))) {}
WebSocket::~WebSocket() { impl_->let_go(); }

Executor& WebSocket::executor() noexcept { return impl_->loop; }

void WebSocket::open(LinkEvents& events) {
  impl_->let_go();
  impl_->attempt =
      std::make_shared<Attempt>(impl_->loop.context(), impl_->options, impl_->url, events);
  Attempt::start(impl_->attempt);
}

void WebSocket::send(std::string message) {
  if (impl_->attempt) Attempt::send(impl_->attempt, message);
}

void WebSocket::close() { impl_->let_go(); }

}  // namespace kefu::inline v0::client
