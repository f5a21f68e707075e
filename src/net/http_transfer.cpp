// HttpConnection: its requests on a transfer loop, and the way there and back.
#include <thread>
#include <utility>

#include "net/http_connection.hpp"
#include "net/incoming_transfer.hpp"
#include "net/outgoing_transfer.hpp"
#include "net/worker.hpp"

namespace kefu::inline v0::net {

bool HttpConnection::is_elsewhere(const http::Head& request) const {
  const Site& site = worker_.site();
  const bool transfers = worker_.index() >= site.first_transfer;
  return site.transfers && site.transfers->serves(request.path()) != transfers;
}

void HttpConnection::move_on() {
  Site& site = worker_.site();
  const std::size_t count = site.workers.size() - site.first_transfer;
  const std::size_t index = worker_.index() >= site.first_transfer
                                ? home_
                                : site.first_transfer + site.next_transfer++ % count;
  const std::shared_ptr<Worker> target = site.workers[index].lock();
  if (!target) return cut();
  worker_.loop().poller().release(descriptor());
  Removal removal{std::move(socket_), std::move(address_), std::move(peer_),
                  std::move(parser_), std::move(unread_),  home_};
  state_ = State::gone;
  site.live.fetch_add(1, std::memory_order_relaxed);
  worker_.retire(*this);
  target->loop().post(
      [target, removal = std::move(removal)]() mutable { target->adopt(std::move(removal)); });
}

void HttpConnection::begin_transfer(const http::Head& request) {
  if (expects_too_much(request)) return refuse(http::text_response(417));
  const Site& site = worker_.site();
  const std::string client = client_address(request, peer_, site.proxies, site.options.forwarded);
  const auto self = site.workers[worker_.index()].lock();
  const std::uint64_t number = wait_for_answer(request);
  // Whoever is answered before the body was read may send it all the same, and nothing behind it.
  if (http::has_body(request)) keep_alive_ = false;
  site.transfers->begin({request, client, subject()}, [self, number](Begun begun) {
    Worker::go_on_later(self, number, [begun = std::move(begun)](HttpConnection& waiting) mutable {
      waiting.on_begun(std::move(begun));
    });
  });
}

void HttpConnection::on_begun(Begun begun) {
  worker_.forget_answer(std::exchange(awaited_, 0));
  const http::Head& request = parser_.head();
  if (!begun.sink) {
    if (begun.body && request.method() != "HEAD")
      outgoing_ = std::make_unique<OutgoingTransfer>(std::move(begun.body));
    return respond(std::move(begun.response), keep_alive_ && !worker_.stopping());
  }
  incoming_ = std::make_unique<IncomingTransfer>(request, std::move(begun.sink), begun.most,
                                                 worker_.pipes());
  state_ = State::reading;
  set_deadline();
  if (unread_.empty()) tell_to_go_on();
  if (state_ == State::gone) return;
  const std::string here = std::exchange(unread_, {});
  std::string_view bytes = here;
  const TransferTurn turn = incoming_->feed(bytes);
  on_received(turn, bytes);
}

void HttpConnection::receive() {
  const TransferTurn turn = incoming_->turn(socket_, worker_.loop().read_buffer());
  on_received(turn, incoming_->behind());
}

void HttpConnection::on_received(TransferTurn turn, std::string_view behind) {
  if (turn.moved) set_deadline();
  switch (turn.status) {
    case TransferTurn::Status::more:
      return go_on_later();
    case TransferTurn::Status::wait:
      return await_readable();
    case TransferTurn::Status::gone:
      return cut();
    case TransferTurn::Status::refused: {
      http::Response response = incoming_->take_response();
      incoming_.reset();
      return refuse(std::move(response));
    }
    case TransferTurn::Status::complete:
      break;
  }
  unread_ = behind;
  const auto sink = incoming_->take_sink();
  incoming_.reset();
  const auto self = worker_.site().workers[worker_.index()].lock();
  const std::uint64_t number = wait_for_answer(parser_.head());
  sink->finish([self, number](http::Response response) {
    Worker::go_on_later(self, number,
                        [response = std::move(response)](HttpConnection& waiting) mutable {
                          waiting.on_begun({std::move(response)});
                        });
  });
}

/// Once, or whoever moves most would get the most turns. A thread of messages that waits for this
/// processor goes first: it would be kept waiting for milliseconds else, whatever its priority.
void HttpConnection::go_on_later() {
  std::this_thread::yield();
  if (!std::exchange(queued_, true)) worker_.read_later(*this);
}

void HttpConnection::send_on() {
  const TransferTurn turn = outgoing_->turn(socket_, worker_.loop().read_buffer());
  if (turn.moved) set_deadline();
  switch (turn.status) {
    case TransferTurn::Status::more:
      return go_on_later();
    case TransferTurn::Status::wait:
      return worker_.loop().poller().await_writable(descriptor());
    case TransferTurn::Status::refused:
    case TransferTurn::Status::gone:
      return cut();
    case TransferTurn::Status::complete:
      outgoing_.reset();
      return on_written();
  }
}

}  // namespace kefu::inline v0::net
