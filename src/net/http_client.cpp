// HttpClient: one Exchange for each connection. It is kept alive by its own handlers and, between
// two requests, by the pool.
#include "net/http_client.hpp"

#include <kefu/net/http_body.hpp>
#include <kefu/net/http_head.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include "net/public_address.hpp"
// After net/asio.hpp, which says why.
#include <asio/connect.hpp>
#include <asio/ssl.hpp>
#include <asio/write.hpp>

namespace kefu::inline v0::net {
namespace {

using Tcp = asio::ip::tcp;
using asio::error_code;

constexpr std::size_t kReadBuffer = 4 * 1024;

struct Request {
  std::string bytes;
  Completion<result<HttpReply>> done;
};

/// What all connections share. Constant.
struct Target {
  Target(Url to, HttpClientOptions given)
      : url(std::move(to)), options(std::move(given)), tls(asio::ssl::context::tls_client) {
    SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
    tls.set_verify_mode(asio::ssl::verify_peer);
    error_code error;
    if (options.roots.empty()) {
      tls.set_default_verify_paths(error);
    } else {
      tls.load_verify_file(options.roots.string(), error);
    }
    if (error) throw std::runtime_error("TLS: " + options.roots.string() + ": " + error.message());
  }

  Url url;
  HttpClientOptions options;
  asio::ssl::context tls;
};

class Exchange;
using ExchangePtr = std::shared_ptr<Exchange>;

}  // namespace

struct HttpClient::Pool {
  Pool(asio::io_context& with, Url url, HttpClientOptions options)
      : context(with), target(std::make_shared<Target>(std::move(url), std::move(options))) {}

  static void pump(const std::shared_ptr<Pool>& self);
  void finished(const ExchangePtr& exchange, bool keep);
  void stop();

  asio::io_context& context;
  std::shared_ptr<Target> target;
  std::deque<Request> waiting{};
  std::vector<ExchangePtr> busy{};
  std::vector<ExchangePtr> idle{};
};

namespace {

using Pool = HttpClient::Pool;

/// One connection, and the request that is on it.
class Exchange {
 public:
  using Ptr = ExchangePtr;

  Exchange(asio::io_context& context, std::shared_ptr<Target> target, std::weak_ptr<Pool> pool)
      : context_(context),
        target_(std::move(target)),
        pool_(std::move(pool)),
        resolver_(context),
        timer_(context) {}

  static void run(const Ptr& self, Request request) {
    self->request_ = std::move(request);
    self->head_.reset();
    self->body_.reset();
    self->status_ = 0;
    self->heard_ = false;
    self->finished_ = false;
    self->timer_.expires_after(std::chrono::nanoseconds(self->target_->options.timeout));
    self->timer_.async_wait([self, round = ++self->round_](const error_code& error) {
      if (error || self->finished_ || round != self->round_) return;
      self->status_ != 0 ? cut_off(self) : finish(self, errc::timed_out, false);
    });
    self->reused_ = self->stream_.has_value();
    self->reused_ ? write(self) : resolve(self);
  }

  static void finish(const Ptr& self, result<HttpReply> outcome, bool keep) {
    if (std::exchange(self->finished_, true)) return;
    self->timer_.cancel();
    if (!keep) self->close();
    Completion<result<HttpReply>> done = std::move(self->request_.done);
    // Else a write may still be under way, with its bytes: they go with the exchange.
    if (keep) self->request_ = {};
    if (const std::shared_ptr<Pool> pool = self->pool_.lock()) {
      pool->finished(self, keep);
      done(std::move(outcome));
      return Pool::pump(pool);
    }
    done(std::move(outcome));
  }

  void close() {
    error_code ignored;
    resolver_.cancel();
    if (stream_) stream_->next_layer().close(ignored);
  }

 private:
  static void resolve(const Ptr& self) {
    const Url& url = self->target_->url;
    self->resolver_.async_resolve(
        url.host, url.port,
        [self](const error_code& error, const Tcp::resolver::results_type& found) {
          if (self->finished_) return;
          if (error) return finish(self, errc::unavailable, false);
          self->endpoints_.clear();
          for (const auto& one : found) {
            if (self->target_->options.allow_private || is_public(one.endpoint().address()))
              self->endpoints_.push_back(one.endpoint());
          }
          if (self->endpoints_.empty()) return finish(self, errc::denied, false);
          connect(self);
        });
  }

  /// To what was checked, whatever the name stands for by now.
  static void connect(const Ptr& self) {
    self->stream_.emplace(self->context_, self->target_->tls);
    asio::async_connect(self->stream_->next_layer(), self->endpoints_,
                        [self](const error_code& error, const Tcp::endpoint&) {
                          if (self->finished_) return;
                          if (error) return finish(self, errc::unavailable, false);
                          error_code ignored;
                          self->stream_->next_layer().set_option(Tcp::no_delay(true), ignored);
                          self->target_->url.secure ? shake_hands(self) : write(self);
                        });
  }

  static void shake_hands(const Ptr& self) {
    const std::string& host = self->target_->url.host;
    error_code no_address;
    (void)asio::ip::make_address(host, no_address);
    SSL* const ssl = self->stream_->native_handle();
    if (no_address && SSL_set_tlsext_host_name(ssl, host.c_str()) != 1)
      return finish(self, errc::unavailable, false);
    self->stream_->set_verify_callback(asio::ssl::host_name_verification(host));
    self->stream_->async_handshake(asio::ssl::stream_base::client, [self](const error_code& error) {
      if (self->finished_) return;
      error ? finish(self, errc::unavailable, false) : write(self);
    });
  }

  /// Calls `use` with the stream that carries HTTP.
  template <class Use>
  void with_stream(Use use) {
    target_->url.secure ? use(*stream_) : use(stream_->next_layer());
  }

  static void write(const Ptr& self) {
    self->with_stream([&](auto& stream) {
      asio::async_write(stream, asio::buffer(self->request_.bytes),
                        [self](const error_code& error, std::size_t) {
                          if (self->finished_) return;
                          error ? broken(self) : read(self);
                        });
    });
  }

  static void read(const Ptr& self) {
    self->with_stream([&](auto& stream) {
      stream.async_read_some(asio::buffer(self->buffer_),
                             [self](const error_code& error, std::size_t size) {
                               if (self->finished_) return;
                               if (error) return broken(self);
                               self->heard_ = true;
                               take(self, {self->buffer_.data(), size});
                             });
    });
  }

  static void cut_off(const Ptr& self) { finish(self, HttpReply{self->status_, {}, false}, false); }

  /// A server may close a kept connection at any time; then the request was not looked at.
  static void broken(const Ptr& self) {
    if (self->status_ != 0) return cut_off(self);
    if (!self->reused_ || self->heard_) return finish(self, errc::unavailable, false);
    self->reused_ = false;
    self->close();
    resolve(self);
  }

  static void take(const Ptr& self, std::string_view input) {
    using http::BodyReader;
    using http::HeadParser;
    while (!self->body_) {
      const HeadParser::Status status = self->head_.feed(input);
      if (status == HeadParser::Status::need_more) return read(self);
      if (status == HeadParser::Status::failed) return finish(self, errc::unavailable, false);
      const http::Head& head = self->head_.head();
      if (head.status() < 200) {  // there is more to come, but for 101, which nobody asked for
        if (head.status() == 101) return finish(self, errc::unavailable, false);
        self->head_.reset();
        continue;
      }
      self->status_ = head.status();
      self->keep_ = head.keep_alive();
      if (head.status() == 204 || head.status() == 304)
        return finish(self, HttpReply{self->status_, {}, true}, self->keep_ && input.empty());
      // The end of the connection would be the body's.
      if (!head.chunked() && !head.content_length()) return cut_off(self);
      self->body_.emplace(head, self->target_->options.max_response);
    }
    switch (self->body_->feed(input)) {
      case BodyReader::Status::need_more:
        return read(self);
      case BodyReader::Status::failed:
        return cut_off(self);
      case BodyReader::Status::complete:
        return finish(self, HttpReply{self->status_, self->body_->take(), true},
                      self->keep_ && input.empty());
    }
  }

  asio::io_context& context_;
  const std::shared_ptr<Target> target_;
  const std::weak_ptr<Pool> pool_;
  Request request_;
  Tcp::resolver resolver_;
  std::optional<asio::ssl::stream<Tcp::socket>> stream_;  // once it was to be connected
  asio::steady_timer timer_;
  std::vector<Tcp::endpoint> endpoints_;
  std::array<char, kReadBuffer> buffer_{};
  http::HeadParser head_{http::HeadKind::response};
  std::optional<http::BodyReader> body_;
  std::uint64_t round_ = 0;  // of requests
  int status_ = 0;           // 0: not known yet
  bool keep_ = false;        // as the server says
  bool reused_ = false;
  bool heard_ = false;  // the server has said something to this request
  bool finished_ = true;
};

}  // namespace

void HttpClient::Pool::pump(const std::shared_ptr<Pool>& self) {
  while (!self->waiting.empty() && self->busy.size() < self->target->options.connections) {
    ExchangePtr exchange;
    if (self->idle.empty()) {
      exchange = std::make_shared<Exchange>(self->context, self->target, self);
    } else {
      exchange = std::move(self->idle.back());
      self->idle.pop_back();
    }
    self->busy.push_back(exchange);
    Request request = std::move(self->waiting.front());
    self->waiting.pop_front();
    Exchange::run(exchange, std::move(request));
  }
}

void HttpClient::Pool::finished(const ExchangePtr& exchange, bool keep) {
  std::erase(busy, exchange);
  if (keep) idle.push_back(exchange);
}

void HttpClient::Pool::stop() {
  for (Request& request : std::exchange(waiting, {})) request.done(errc::shutting_down);
  for (const ExchangePtr& exchange : std::exchange(busy, {}))
    Exchange::finish(exchange, errc::shutting_down, false);
  for (const ExchangePtr& exchange : std::exchange(idle, {})) exchange->close();
}

std::string post_request(const Url& url, std::vector<http::Response::Field> fields,
                         std::string_view body) {
  fields.insert(fields.begin(), {{"Host", url.authority},
                                 {"Content-Type", "application/json"},
                                 {"Content-Length", std::to_string(body.size())},
                                 {"User-Agent", "kefu"}});
  return http::write_request_head("POST", url.target, fields).append(body);
}

HttpClient::HttpClient(asio::io_context& context, Url url, HttpClientOptions options)
    : context_(context),
      pool_(std::make_shared<Pool>(context, std::move(url), std::move(options))) {}

HttpClient::~HttpClient() {
  asio::post(context_, [pool = std::move(pool_)] { pool->stop(); });
}

void HttpClient::send(std::string request, Completion<result<HttpReply>> done) {
  pool_->waiting.push_back({std::move(request), std::move(done)});
  Pool::pump(pool_);
}

}  // namespace kefu::inline v0::net
