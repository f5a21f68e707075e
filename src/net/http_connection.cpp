#include "net/http_connection.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>
#include <utility>

#include "base64url.hpp"
#include "net/event_stream.hpp"
#include "net/field_text.hpp"
#include "net/incoming_transfer.hpp"
#include "net/outgoing_transfer.hpp"
#include "net/worker.hpp"
#include "net/ws_connection.hpp"

namespace kefu::inline v0::net {
namespace {

constexpr std::size_t kPartsPerTurn = 256 * 1024;  // bytes of an answer in parts, then others go on

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// 128 bits that nobody can guess.
std::string random_key() {
  std::string bytes(16, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(bytes.data());
  if (RAND_bytes(out, static_cast<int>(bytes.size())) != 1) throw std::bad_alloc{};
  return encode_base64url(bytes);
}

/// Lets the page that asks read the answer: its origin has been found to be an allowed one.
void allow_page(const http::Head& request, http::Response& response) {
  if (const auto origin = request.find("Origin"))
    response.set("Access-Control-Allow-Origin", *origin).set("Vary", "Origin");
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && rest == end;
}

}  // namespace

HttpConnection::HttpConnection(Worker& worker, Socket socket, std::string peer)
    : Link{worker, std::move(socket)},
      parser_{http::HeadKind::request, {.max_bytes = worker.site().options.max_head}},
      peer_{std::move(peer)},
      home_{worker.index()} {
  set_deadline();
}

HttpConnection::HttpConnection(Worker& worker, Removal from)
    : Link{worker, std::move(from.socket)},
      parser_{std::move(from.parser)},
      peer_{std::move(from.peer)},
      unread_{std::move(from.unread)},
      home_{from.home} {
  address_ = std::move(from.address);
  set_deadline();
}

HttpConnection::~HttpConnection() = default;

void HttpConnection::go_on() { on_head(std::exchange(unread_, {})); }

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
    if (!worker_.site().take_place(peer_, address_)) return cut();
  }
  start_http();
  worker_.read_later(*this);
}

void HttpConnection::be_ready(Readiness readiness) {
  drained_ = drained_ && !readiness.readable;
  ended_ = ended_ || readiness.ended;
  if (queued_) return;
  if (readiness.writable && state_ == State::writing) write();
  if (is_readable(readiness)) read();
}

void HttpConnection::read() {
  queued_ = false;
  if (state_ == State::introducing) return read_introduction();
  if (state_ == State::writing && (more_ || outgoing_)) return write();
  if (state_ == State::reading && incoming_) return receive();
  // One read at a time: whoever sends more than that waits for its turn.
  if (state_ == State::reading && !unread_.empty()) return feed(std::exchange(unread_, {}));
  if (state_ != State::reading && state_ != State::lingering) return;
  // Of a head no more than one can be: what came behind it would have to be kept.
  const auto all = worker_.loop().read_buffer();
  const bool head = state_ == State::reading && !body_;
  const auto buffer = head ? all.first(worker_.site().options.max_head) : all;
  const IoResult result = socket_.read(buffer);
  switch (result.status) {
    case IoStatus::done:
      drained_ = result.bytes < buffer.size() && !result.again && !ended_;
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
  if (is_elsewhere(request)) {
    unread_ = unread;
    return move_on();
  }
  if (worker_.index() >= worker_.site().first_transfer) {
    unread_ = unread;
    return begin_transfer(request);
  }
  if (!http::has_body(request)) {
    unread_ = unread;
    return handle(request);
  }
  http::Response refusal = refusal_of_body(request);
  if (refusal.status != 200) return refuse(std::move(refusal));
  body_.emplace(request, most_in_body(request));
  set_deadline();
  if (unread.empty()) tell_to_go_on();
  if (state_ != State::gone) feed_body(unread);
}

void HttpConnection::tell_to_go_on() {
  if (!parser_.head().find("Expect")) return;
  std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  const iovec part{go_on.data(), go_on.size()};
  if (socket_.write({&part, 1}).bytes != go_on.size()) cut();
}

bool HttpConnection::is_post(const http::Head& request) const {
  const std::string& events = worker_.site().options.events_path;
  return !events.empty() && request.path() == events && request.method() == "POST";
}

std::size_t HttpConnection::most_in_body(const http::Head& request) const {
  const ServerOptions& options = worker_.site().options;
  return is_post(request) ? options.max_message : options.max_body;
}

/// What can be said before a body was sent, so that nobody sends one for nothing; else 200.
http::Response HttpConnection::refusal_of_body(const http::Head& request) const {
  const Site& site = worker_.site();
  if (!is_post(request) && !site.router.takes_body(request.method(), request.path())) {
    return http::text_response(413, "no request body is accepted");
  }
  if (request.content_length().value_or(0) > most_in_body(request)) {
    return http::text_response(413);
  }
  return expects_too_much(request) ? http::text_response(417) : http::Response{};
}

bool HttpConnection::expects_too_much(const http::Head& request) {
  const auto expected = request.find("Expect");
  return expected && (request.count("Expect") != 1 || request.minor_version() == 0 ||
                      !http::equal_any_case(*expected, "100-continue"));
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
  if (handle_events(request, client)) return;
  if (request.path() != site.options.websocket_path) {
    const std::string body = body_ ? body_->take() : std::string{};
    http::Response response = site.answer({request, client, subject(), body});
    return response.later ? await(response.later) : respond(std::move(response), keep_alive);
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
  if (!address_ && !worker_.site().take_place(client, address_)) return come_later(429);
  if (worker_.is_full()) return come_later(503);
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
  become(std::move(next), http::write_head(answer.response, true));
}

void HttpConnection::become(std::unique_ptr<StreamConnection> next, std::string_view head) {
  state_ = State::gone;
  StreamConnection& connection = *next;
  worker_.loop().poller().hand_over(connection.descriptor(), connection);
  if (!drained_) worker_.loop().poller().tell_again(connection.descriptor());
  worker_.replace(*this, std::move(next));
  connection.guard([&] { connection.start(*worker_.site().acceptor, head, unread_); });
}

bool HttpConnection::handle_events(const http::Head& request, const std::string& client) {
  const ServerOptions& options = worker_.site().options;
  if (options.events_path.empty() || request.path() != options.events_path) return false;
  const bool keep_alive = request.keep_alive() && !worker_.stopping();
  if (!is_allowed_origin(request, options.allowed_origins)) {
    respond(http::text_response(403, "this origin is not allowed"), keep_alive);
  } else if (request.method() == "GET") {
    open_stream(request, client);
  } else if (request.method() == "POST") {
    post_message(request);
  } else {
    respond(http::text_response(405).set("Allow", "GET, POST"), keep_alive);
  }
  return true;
}

void HttpConnection::open_stream(const http::Head& request, std::string client) {
  if (auto full = refusal_of_client(client)) return answer_page(*std::move(full), false);
  // Whoever knows the key may speak for the stream.
  std::string key = std::to_string(worker_.index()) + '-' + random_key();
  http::Response response;
  response.set("Content-Type", "text/event-stream").set("Cache-Control", "no-store");
  response.set("X-Accel-Buffering", "no");  // nginx would keep the events back
  allow_page(request, response);
  response.more = [] { return std::string{}; };  // it has no length
  const std::string head =
      http::write_head(response, false, 0) + "event: open\ndata: {\"key\":\"" + key + "\"}\n\n";
  if (!subject().empty()) client.append(1, '\0').append(subject());
  unread_.clear();  // nothing comes behind a stream
  become(std::make_unique<EventStream>(worker_, std::move(socket_), std::move(address_),
                                       std::move(client), std::move(key)),
         head);
}

void HttpConnection::post_message(const http::Head& request) {
  const Site& site = worker_.site();
  const std::string key = http::query_parameter(request.query(), "key").value_or("");
  const std::string number = http::query_parameter(request.query(), "n").value_or("");
  std::size_t index = 0;
  std::uint64_t n = 0;
  const bool sound = parse_number(std::string_view{key}.substr(0, key.find('-')), index) &&
                     parse_number(number, n) && n != 0;
  const std::shared_ptr<Worker> target =
      sound && index < site.workers.size() ? site.workers[index].lock() : nullptr;
  if (!target) return answer_page(http::text_response(sound ? 404 : 400), request.keep_alive());
  PostReply reply{site.workers[worker_.index()].lock(), wait_for_answer(request)};
  target->loop().post([target, key, n, text = body_ ? body_->take() : std::string{},
                       reply = std::move(reply)]() mutable {
    const auto at = target->streams().find(key);
    if (at == target->streams().end()) return reply(404);
    EventStream& stream = *at->second;
    stream.guard([&] { stream.on_post(n, std::move(text), std::move(reply)); });
  });
}

std::uint64_t HttpConnection::wait_for_answer(const http::Head& request) {
  keep_alive_ = request.keep_alive();
  awaited_ = worker_.await_answer(*this);
  state_ = State::awaiting;
  set_deadline();
  return awaited_;
}

void HttpConnection::on_answer(http::Response response) {
  worker_.forget_answer(std::exchange(awaited_, 0));
  answer_page(std::move(response), keep_alive_ && !worker_.stopping());
}

void HttpConnection::await(const std::function<void(Completion<http::Response>)>& later) {
  later([self = worker_.site().workers[worker_.index()].lock(),
         number = wait_for_answer(parser_.head())](http::Response response) {
    Worker::answer_later(self, number, std::move(response));
  });
}

void HttpConnection::answer_page(http::Response response, bool keep_alive) {
  allow_page(parser_.head(), response);
  respond(std::move(response), keep_alive);
}

void HttpConnection::respond(http::Response response, bool keep_alive) {
  // Behind a head that was refused there is no method, and no version.
  const http::Head& request = parser_.head();
  const bool with_body = request.method() != "HEAD";
  const bool in_parts = response.more || response.more_later;
  chunked_ = in_parts && !response.length && request.minor_version() != 0;
  keep_alive_ = keep_alive && (!in_parts || response.length || chunked_);
  head_out_ = http::write_head(response, keep_alive_, request.minor_version());
  body_out_ = with_body ? std::move(response.body) : std::string{};
  more_ = with_body ? std::move(response.more) : nullptr;
  more_later_ = with_body ? std::move(response.more_later) : nullptr;
  if (with_body && chunked_ && !body_out_.empty()) {
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
  if (state_ != State::writing) return;
  outgoing_ ? send_on() : on_written();
}

/// The next part of an answer; false when there is none, or it is still to come.
bool HttpConnection::fill() {
  if (more_later_) {
    gather();
    return false;
  }
  if (!more_) return false;
  std::string part;
  try {
    part = more_();
  } catch (const std::exception&) {
    cut();
    return false;
  }
  put_part(std::move(part));
  return true;
}

void HttpConnection::gather() {
  state_ = State::gathering;
  awaited_ = worker_.await_answer(*this);
  set_deadline();
  more_later_([self = worker_.site().workers[worker_.index()].lock(),
               number = awaited_](result<std::string> part) {
    Worker::go_on_later(self, number, [part = std::move(part)](HttpConnection& waiting) mutable {
      waiting.on_part(std::move(part));
    });
  });
}

void HttpConnection::on_part(result<std::string> part) {
  worker_.forget_answer(std::exchange(awaited_, 0));
  if (!part) return cut();
  state_ = State::writing;
  put_part(*std::move(part));
  count_held();
  set_deadline();
  write();
}

void HttpConnection::put_part(std::string part) {
  written_ = 0;
  head_out_.clear();
  body_out_.clear();
  const bool last = part.empty();
  if (last) more_ = nullptr;
  if (last) more_later_ = nullptr;
  if (!chunked_) {
    body_out_ = std::move(part);
  } else if (last) {
    head_out_ = http::kLastChunk;
  } else {
    http::append_chunk(head_out_, part);
  }
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
  if (state_ == State::gone || !worker_.has_come(deadline_)) return;
  if (state_ != State::awaiting) return cut();
  on_answer(come_later(503));
}

void HttpConnection::shut_down() {
  if (state_ == State::writing || state_ == State::awaiting || state_ == State::gathering) {
    keep_alive_ = false;
  } else {
    cut();
  }
}

void HttpConnection::cut() {
  if (std::exchange(state_, State::gone) == State::gone) return;
  if (awaited_ != 0) worker_.forget_answer(std::exchange(awaited_, 0));
  more_later_ = nullptr;
  incoming_.reset();
  outgoing_.reset();
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

}  // namespace kefu::inline v0::net
