#include "net/event_stream.hpp"

#include <kefu/net/websocket.hpp>
#include <kefu/net/websocket_frame.hpp>
#include <utility>

#include "net/socket_patience.hpp"
#include "net/worker.hpp"

namespace kefu::inline v0::net {

void PostReply::operator()(int status) const {
  http::Response response = status == 204 ? http::Response{} : http::text_response(status);
  response.status = status;
  response.set("Cache-Control", "no-store");
  Worker::answer_later(worker, request, std::move(response));
}

EventStream::EventStream(Worker& worker, Socket socket, AddressHold address, std::string peer,
                         std::string key)
    : StreamConnection{worker, std::move(socket), std::move(address), std::move(peer)},
      key_{std::move(key)} {
  // It never answers a heartbeat, so the system must notice when those reach nobody.
  set_patience(descriptor(), 2 * worker_.site().options.ping_interval);
  worker_.streams().emplace(key_, this);
}

EventStream::~EventStream() {
  worker_.streams().erase(key_);
  if (held_) held_->reply(410);
}

void EventStream::on_post(std::uint64_t number, std::string text, PostReply reply) {
  if (state_ != State::open) return reply(410);
  heard_ = worker_.tick();
  if (number <= taken_) return reply(204);
  if (number != taken_ + 1) return reply(409);
  if (text.size() > worker_.site().options.max_message) return reply(413);
  if (!websocket::is_valid_text(std::as_bytes(std::span{text}))) return reply(400);
  text.append(Inbound::kSlack, '\0');
  if (!paused_) return take(text, reply);
  if (held_)
    std::exchange(held_->reply, reply)(409);  // its client gave it up, and asks again
  else
    held_ = std::make_unique<Held>(Held{std::move(text), std::move(reply)});
  count_held();
}

void EventStream::take(std::string& text, const PostReply& reply) {
  ++taken_;
  inbound_->on_message({text.data(), text.size() - Inbound::kSlack}, Inbound::kSlack);
  reply(204);
}

void EventStream::read() {
  if (held_ && !paused_ && state_ == State::open) {
    const auto held = std::move(held_);
    take(held->text, held->reply);
  }
  StreamConnection::read();
}

std::size_t EventStream::incomplete() const noexcept { return held_ ? held_->text.size() : 0; }

void EventStream::queue_raw(std::string_view text) {
  queue_.push({worker_.loop().frames().copy(text), FrameKind::raw}, worker_.chunks());
}

/// It is shared with all other receivers, unless it has line ends, which JSON does without: then
/// each line goes by itself. (A CR arrives as a line feed; events know no other.)
void EventStream::queue_message(SharedFrame frame) {
  if (frame.text().find_first_of("\r\n") != std::string_view::npos) {
    std::string lines = "data: ";
    for (const char c : frame.text()) {
      if (c == '\n' || c == '\r') {
        lines += "\ndata: ";
      } else {
        lines += c;
      }
    }
    return queue_raw(lines += "\n\n");
  }
  queue_raw("data: ");
  queue_.push({std::move(frame), FrameKind::raw}, worker_.chunks());
  queue_raw("\n\n");
}

void EventStream::queue_close(std::uint16_t code, std::string_view text) {
  if (held_) std::exchange(held_, nullptr)->reply(410);
  queue_raw("event: close\ndata: {\"code\":" + std::to_string(code) + ",\"reason\":\"" +
            std::string{text} + "\"}\n\n");
}

void EventStream::queue_heartbeat() { queue_raw(":\n\n"); }

}  // namespace kefu::inline v0::net
