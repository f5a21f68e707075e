#include "net/http_connection.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "net/field_text.hpp"
#include "net/worker.hpp"
#include "net/ws_connection.hpp"
#include "network_of.hpp"

namespace kefu::net {
namespace {

constexpr const char* kRetryAfter = "10";          // seconds
constexpr std::size_t kPartsPerTurn = 256 * 1024;  // bytes of an answer in parts, then others go on

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

HttpConnection::HttpConnection(Worker& worker, Socket socket, std::string peer)
    : Link{worker, std::move(socket)},
      parser_{http::HeadKind::request, {.max_bytes = worker.site().options.max_head}},
      peer_{std::move(peer)} {
  set_deadline();
}

void HttpConnection::start() {
  const Site& site = worker_.site();
  if (!site.options.proxy_protocol) return start_http();
  if (!site.proxies.contains(peer_)) return cut();
  state_ = State::introducing;
}

void HttpConnection::start_http() {
  state_ = State::reading;
  if (const Tls* const tls = worker_.site().options.tls) {
    socket_.use(TlsStream{*tls, descriptor()});
    if (!socket_.tls()) cut();  // no memory
  }
}

/// Only looks at the bytes until they are whole: what follows may be TLS.
void HttpConnection::read_introduction() {
  const auto buffer = worker_.loop().read_buffer();
  const IoResult result = socket_.peek(buffer.first(kMaxProxyHeader));
  if (result.status == IoStatus::would_block) return await_readable();
  if (result.status != IoStatus::done) return cut();
  ProxyHeader header = read_proxy_header(as_text(buffer.first(result.bytes)));
  if (header.status == ProxyHeader::Status::need_more) return await_readable();
  if (header.status == ProxyHeader::Status::bad) return cut();
  if (socket_.read(buffer.first(header.size)).bytes != header.size) return cut();
  if (!header.address.empty()) {
    peer_ = std::move(header.address);
    if (const std::string network = network_of(peer_); !network.empty()) {
      Site& site = worker_.site();
      address_ = site.addresses.hold(network, site.options.max_connections_per_address);
      if (!address_) return cut();
    }
  }
  start_http();
  worker_.read_later(*this);
}

void HttpConnection::be_ready(Readiness readiness) {
  if (readiness.writable && state_ == State::writing) write();
  if (is_readable(readiness)) read();
}

void HttpConnection::read() {
  if (state_ == State::introducing) return read_introduction();
  if (state_ == State::writing && more_) return write();
  // One read at a time: whoever sends more than that waits for its turn.
  if (state_ == State::reading && !unread_.empty()) return feed(std::exchange(unread_, {}));
  if (state_ != State::reading && state_ != State::lingering) return;
  const auto buffer = worker_.loop().read_buffer();
  const IoResult result = socket_.read(buffer);
  switch (result.status) {
    case IoStatus::done:
      if (state_ == State::reading) return feed(as_text(buffer.first(result.bytes)));
      return worker_.read_later(*this);
    case IoStatus::would_block:
      return await_readable();
    case IoStatus::ended:
    case IoStatus::failed:
      return cut();
  }
}

void HttpConnection::feed(std::string_view bytes) {
  if (body_) return feed_body(bytes);
  switch (parser_.feed(bytes)) {
    case http::HeadParser::Status::need_more:
      return worker_.read_later(*this);
    case http::HeadParser::Status::failed:
      return refuse(
          http::text_response(http::status_for(parser_.error()), http::to_string(parser_.error())));
    case http::HeadParser::Status::complete:
      return on_head(bytes);
  }
}

void HttpConnection::on_head(std::string_view unread) {
  const http::Head& request = parser_.head();
  if (!http::has_body(request)) {
    unread_ = unread;
    return handle(request);
  }
  http::Response refusal = refusal_of_body(request);
  if (refusal.status != 200) return refuse(std::move(refusal));
  body_.emplace(request, worker_.site().options.max_body);
  set_deadline();
  if (unread.empty() && request.find("Expect")) {
    std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    const iovec part{go_on.data(), go_on.size()};
    if (socket_.write({&part, 1}).bytes != go_on.size()) return cut();
  }
  feed_body(unread);
}

/// What can be said before a body was sent, so that nobody sends one for nothing; else 200.
http::Response HttpConnection::refusal_of_body(const http::Head& request) const {
  const Site& site = worker_.site();
  if (!site.router.takes_body(request.method(), request.path())) {
    return http::text_response(413, "no request body is accepted");
  }
  if (request.content_length().value_or(0) > site.options.max_body) {
    return http::text_response(413);
  }
  const auto expected = request.find("Expect");
  if (expected && (request.count("Expect") != 1 || request.minor_version() == 0 ||
                   !http::equal_any_case(*expected, "100-continue"))) {
    return http::text_response(417);
  }
  return {};
}

void HttpConnection::feed_body(std::string_view bytes) {
  switch (body_->feed(bytes)) {
    case http::BodyReader::Status::need_more:
      count_held();
      return worker_.read_later(*this);
    case http::BodyReader::Status::failed:
      return refuse(http::text_response(http::status_for(body_->error())));
    case http::BodyReader::Status::complete:
      unread_ = bytes;
      return handle(parser_.head());
  }
}

void HttpConnection::handle(const http::Head& request) {
  const Site& site = worker_.site();
  const bool keep_alive = request.keep_alive() && !worker_.stopping();
  std::string client = client_address(request, peer_, site.proxies, site.options.forwarded);
  if (request.path() != site.options.websocket_path) {
    const std::string body = body_ ? body_->take() : std::string{};
    return respond(site.answer({request, client, subject(), body}), keep_alive);
  }
  Upgrade answer = answer_upgrade(request, site.upgrade);
  if (answer.accepted()) {
    if (auto full = refusal_of_client(client)) return respond(*std::move(full), false);
    return upgrade(answer, std::move(client));
  }
  respond(std::move(answer.response), keep_alive);
}

/// Counts the connection to the client that a proxy speaks for; a response if that is one too many,
/// or the server has no room.
std::optional<http::Response> HttpConnection::refusal_of_client(const std::string& client) {
  Site& site = worker_.site();
  if (const std::string network = network_of(client); !address_ && !network.empty()) {
    address_ = site.addresses.hold(network, site.options.max_connections_per_address);
    if (!address_) return http::text_response(429).set("Retry-After", kRetryAfter);
  }
  if (worker_.is_full()) return http::text_response(503).set("Retry-After", kRetryAfter);
  return std::nullopt;
}

std::string_view HttpConnection::subject() {
  if (!subject_) subject_ = socket_.tls() ? socket_.tls().subject() : std::string{};
  return *subject_;
}

void HttpConnection::upgrade(const Upgrade& answer, std::string client) {
  if (!subject().empty()) client.append(1, '\0').append(subject());
  auto next = std::make_unique<WsConnection>(worker_, std::move(socket_), std::move(address_),
                                             std::move(client), answer.deflate);
  state_ = State::gone;
  WsConnection& connection = *next;
  worker_.loop().poller().hand_over(connection.descriptor(), connection);
  worker_.replace(*this, std::move(next));
  connection.guard([&] {
    connection.start(*worker_.site().acceptor, http::write_head(answer.response, true), unread_);
  });
}

void HttpConnection::respond(http::Response response, bool keep_alive) {
  // Behind a head that was refused there is no method, and no version.
  const http::Head& request = parser_.head();
  const bool with_body = request.method() != "HEAD";
  chunked_ = response.more && request.minor_version() != 0;
  keep_alive_ = keep_alive && (!response.more || chunked_);
  head_out_ = http::write_head(response, keep_alive_, request.minor_version());
  body_out_ = with_body ? std::move(response.body) : std::string{};
  more_ = with_body ? std::move(response.more) : nullptr;
  if (more_ && chunked_ && !body_out_.empty()) {
    http::append_chunk(head_out_, std::exchange(body_out_, {}));
  }
  body_.reset();
  written_ = 0;
  state_ = State::writing;
  count_held();
  set_deadline();
  write();
}

void HttpConnection::write() {
  std::size_t parts_written = 0;
  do {
    const std::size_t total = head_out_.size() + body_out_.size();
    while (written_ != total) {
      std::array<iovec, 2> parts;
      std::size_t count = 0;
      std::size_t skip = written_;
      for (std::string* const part : {&head_out_, &body_out_}) {
        const std::size_t skipped = std::min(skip, part->size());
        skip -= skipped;
        if (skipped != part->size()) {
          parts[count++] = {part->data() + skipped, part->size() - skipped};
        }
      }
      const IoResult result = socket_.write({parts.data(), count});
      if (result.status == IoStatus::failed) return cut();
      if (result.status == IoStatus::would_block) {
        return worker_.loop().poller().await_writable(descriptor());
      }
      written_ += result.bytes;
      count_held();
      parts_written += result.bytes;
      set_deadline();
    }
    if (more_ && parts_written >= kPartsPerTurn) return worker_.read_later(*this);
  } while (fill());
  if (state_ != State::gone) on_written();
}

/// The next part of an answer; false when there is none.
bool HttpConnection::fill() {
  if (!more_) return false;
  std::string part;
  try {
    part = more_();
  } catch (const std::exception&) {
    cut();
    return false;
  }
  written_ = 0;
  head_out_.clear();
  body_out_.clear();
  const bool last = part.empty();
  if (last) more_ = nullptr;
  if (!chunked_) {
    body_out_ = std::move(part);
  } else if (last) {
    head_out_ = http::kLastChunk;
  } else {
    http::append_chunk(head_out_, part);
  }
  return true;
}

void HttpConnection::on_written() {
  head_out_ = {};
  body_out_ = {};
  written_ = 0;
  count_held();
  if (keep_alive_) {
    parser_.reset();
    state_ = State::reading;
    set_deadline();
  } else {
    socket_.end_writing();
    state_ = State::lingering;
    deadline_ = worker_.tick_after(worker_.site().options.close_timeout);
  }
  worker_.read_later(*this);  // what came meanwhile was not read
}

void HttpConnection::on_tick() {
  if (state_ != State::gone && worker_.has_come(deadline_)) cut();
}

void HttpConnection::shut_down() {
  if (state_ == State::writing) {
    keep_alive_ = false;
  } else {
    cut();
  }
}

void HttpConnection::cut() {
  if (std::exchange(state_, State::gone) == State::gone) return;
  worker_.loop().poller().remove(descriptor());
  socket_ = Socket{};
  worker_.retire(*this);
}

void HttpConnection::count_held() noexcept {
  hold(head_out_.size() + body_out_.size() - written_ + unread_.size() +
       (body_ ? body_->size() : 0));
}

void HttpConnection::set_deadline() noexcept {
  deadline_ = worker_.tick_after(worker_.site().options.handshake_timeout);
}

}  // namespace kefu::net
