#include "net/http_connection.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "net/worker.hpp"
#include "net/ws_connection.hpp"

namespace kefu::net {
namespace {

bool has_body(const http::Head& request) noexcept {
  return request.chunked() || request.content_length().value_or(0) != 0;
}

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

void HttpConnection::on_ready(Readiness readiness) {
  if (readiness.writable && state_ == State::writing) write();
  if (is_readable(readiness)) read();
}

void HttpConnection::read() {
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
  switch (parser_.feed(bytes)) {
    case http::HeadParser::Status::need_more:
      return worker_.read_later(*this);
    case http::HeadParser::Status::failed:
      return respond(
          http::text_response(http::status_for(parser_.error()), http::to_string(parser_.error())),
          false, true);
    case http::HeadParser::Status::complete:
      unread_ = bytes;
      return handle(parser_.head());
  }
}

void HttpConnection::handle(const http::Head& request) {
  const Site& site = worker_.site();
  const bool with_body = request.method() != "HEAD";
  if (has_body(request)) {
    return respond(http::text_response(413, "no request body is accepted"), false, with_body);
  }
  const bool keep_alive = request.keep_alive() && !worker_.stopping();
  if (request.path() != site.options.websocket_path) {
    return respond(site.answer({request, peer_, subject()}), keep_alive, with_body);
  }
  Upgrade answer = answer_upgrade(request, site.upgrade);
  if (answer.accepted()) return upgrade(answer);
  respond(std::move(answer.response), keep_alive, with_body);
}

std::string_view HttpConnection::subject() {
  if (!subject_) subject_ = socket_.tls() ? socket_.tls().subject() : std::string{};
  return *subject_;
}

void HttpConnection::upgrade(const Upgrade& answer) {
  state_ = State::gone;
  std::string peer = std::move(peer_);
  if (!subject().empty()) peer.append(1, '\0').append(subject());
  auto next =
      std::make_unique<WsConnection>(worker_, std::move(socket_), std::move(peer), answer.deflate);
  WsConnection& connection = *next;
  worker_.loop().poller().hand_over(connection.descriptor(), connection);
  worker_.replace(*this, std::move(next));
  connection.start(*worker_.site().acceptor, http::write_head(answer.response, true), unread_);
}

void HttpConnection::respond(http::Response response, bool keep_alive, bool with_body) {
  keep_alive_ = keep_alive;
  head_out_ = http::write_head(response, keep_alive);
  body_out_ = with_body ? std::move(response.body) : std::string{};
  written_ = 0;
  state_ = State::writing;
  set_deadline();
  write();
}

void HttpConnection::write() {
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
    set_deadline();
  }
  on_written();
}

void HttpConnection::on_written() {
  head_out_ = {};
  body_out_ = {};
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

void HttpConnection::set_deadline() noexcept {
  deadline_ = worker_.tick_after(worker_.site().options.handshake_timeout);
}

}  // namespace kefu::net
