#include <kefu/testing/sim_network.hpp>

#include <algorithm>
#include <kefu/wire/close_code.hpp>
#include <utility>

#include "sim_link.hpp"

namespace kefu::inline v0::testing {
namespace detail {

// Nothing overtakes: `last` is when the one before arrives. Without delay the order of posting
// does.
template <class F>
void SimLink::to(Executor& loop, Instant now, Instant& last, F task) {
  const Nanoseconds latency = network_.latency();
  if (latency.count() == 0 && last <= now) return loop.post(std::move(task));
  last = std::max(last, now + latency);
  loop.post_at(last, std::move(task));
}

template <class F>
void SimLink::to_client(F task) {
  to(client_loop_, server_loop_.now(), last_to_client_,
     [link = self.lock(), task = std::move(task)]() mutable {
       if (!link->to_client_dead_) task(*link);
     });
}

template <class F>
void SimLink::to_server(F task) {
  to(server_loop_, client_loop_.now(), last_to_server_,
     [link = self.lock(), task = std::move(task)]() mutable {
       if (!link->to_server_dead_ && link->server_->alive) task(*link);
     });
}

// ---- the server's end

void SimLink::accept() {
  Acceptor* const acceptor = server_->accepting();
  if (!acceptor) return to_client([](SimLink& link) { link.end_client(errc::unavailable); });
  server_->add(self.lock());
  inbound_ = &acceptor->accepted(*this);
  to_client([](SimLink& link) {
    link.opened_ = true;
    if (link.events_) link.events_->on_opened();
  });
}

SendStatus SimLink::send(SharedFrame frame) {
  if (closing_ || !inbound_) return SendStatus::closed;
  queued_ += frame.size();
  queue_.push_back(std::move(frame));
  pump();
  std::size_t peak = server_->peak;
  while (queued_ > peak && !server_->peak.compare_exchange_weak(peak, queued_)) {
  }
  if (queued_ < network_.options.send_bound) return SendStatus::accepted;
  pressed_ = true;
  return SendStatus::backpressure;
}

void SimLink::pump() {
  while (!queue_.empty() && in_flight_ < network_.options.in_flight) {
    SharedFrame frame = std::move(queue_.front());
    queue_.pop_front();
    queued_ -= frame.size();
    in_flight_ += frame.size();
    to_client([frame = std::move(frame)](SimLink& link) { link.on_client_frame(frame); });
  }
}

void SimLink::on_credit(std::size_t size) {
  in_flight_ -= size;
  pump();
  if (closing_) return finish_if_written();
  if (!inbound_ || queued_ >= network_.options.send_bound / 2) return;
  if (std::exchange(pressed_, false)) inbound_->on_writable();
}

void SimLink::on_server_message(std::string message) {
  if (closing_ || !inbound_) return;
  unread_.push_back(std::move(message));
  read_unread();
}

void SimLink::read_unread() {
  while (!read_paused_ && !closing_ && inbound_ && !unread_.empty()) {
    std::string message = std::move(unread_.front());
    unread_.pop_front();
    const std::size_t size = message.size();
    message.append(Inbound::kSlack, '\0');
    inbound_->on_message(std::string_view(message).substr(0, size), Inbound::kSlack);
  }
}

void SimLink::resume_reading() {
  if (!std::exchange(read_paused_, false) || unread_.empty()) return;
  server_loop_.post([link = self.lock()] { link->read_unread(); });
}

void SimLink::close(errc reason) {
  if (std::exchange(closing_, true)) return;
  reason_ = reason;
  unread_.clear();
  server_loop_.post([link = self.lock()] { link->finish_if_written(); });
  server_loop_.post_at(server_loop_.now() + network_.options.linger,
                       [link = self.lock()] { link->end_server(link->reason_); });
}

void SimLink::stop() {
  if (!closing_ && inbound_ && !inbound_->on_stopping()) close(errc::shutting_down);
}

void SimLink::finish_if_written() {
  if (queue_.empty()) end_server(reason_);
}

void SimLink::end_server(errc reason) {
  Inbound* const inbound = std::exchange(inbound_, nullptr);
  if (!inbound) return;
  closing_ = true;
  queue_.clear();
  queued_ = 0;
  unread_.clear();
  // The client hears the reason as a close code says it.
  const errc heard = wire::reason_from_close_code(wire::close_code(reason));
  to_client([heard](SimLink& link) { link.end_client(heard); });
  inbound->on_closed(reason);
  server_->remove(*this);
}

void SimLink::lose_server() {
  inbound_ = nullptr;
  closing_ = true;
  queue_.clear();
  queued_ = 0;
  to_server_dead_ = true;
  client_loop_.post_at(client_loop_.now() + network_.notice(),
                       [link = self.lock()] { link->end_client(errc::unavailable); });
}

// ---- the client's end

void SimLink::connect(bool refused) {
  if (refused) {
    client_loop_.post_at(client_loop_.now() + network_.latency(),
                         [link = self.lock()] { link->end_client(errc::unavailable); });
  } else {
    to_server([](SimLink& link) { link.accept(); });
  }
}

void SimLink::send_to_server(std::string message) {
  if (!opened_ || !events_) return;
  to_server([message = std::move(message)](SimLink& link) { link.on_server_message(message); });
}

void SimLink::on_client_frame(SharedFrame frame) {
  inbox_.push_back(std::move(frame));
  read_inbox();
}

void SimLink::read_inbox() {
  while (!client_paused_ && events_ && !inbox_.empty()) {
    const SharedFrame frame = std::move(inbox_.front());
    inbox_.pop_front();
    const std::size_t size = frame.size();
    to_server([size](SimLink& link) { link.on_credit(size); });
    events_->on_message(frame.text());
  }
}

void SimLink::resume_client() {
  if (!std::exchange(client_paused_, false) || inbox_.empty()) return;
  client_loop_.post([link = self.lock()] { link->read_inbox(); });
}

// What came before the end is read before it, also by a client that reads slowly.
void SimLink::end_client(errc reason) {
  if (!events_) return;
  if (!inbox_.empty() && !to_client_dead_ && client_paused_) {
    client_loop_.post_at(client_loop_.now() + network_.options.linger,
                         [link = self.lock(), reason] {
                           link->inbox_.clear();
                           link->end_client(reason);
                         });
    return;
  }
  std::exchange(events_, nullptr)->on_closed(reason);
}

void SimLink::close_client() {
  if (!std::exchange(events_, nullptr)) return;
  to_server([](SimLink& link) { link.end_server(errc::ok); });
}

void SimLink::vanish_client() {
  events_ = nullptr;
  to_client_dead_ = to_server_dead_ = true;
  server_loop_.post_at(server_loop_.now() + network_.notice(), [link = self.lock()] {
    if (link->server_->alive) link->end_server(errc::unavailable);
  });
}

void SimLink::cut(Nanoseconds late) {
  to_client_dead_ = true;
  const Instant now = client_loop_.now();
  client_loop_.post_at(now + late, [link = self.lock()] { link->to_server_dead_ = true; });
  client_loop_.post_at(now + network_.notice(), [link = self.lock()] {
    link->inbox_.clear();
    link->end_client(errc::unavailable);
  });
  server_loop_.post_at(now + late + network_.notice(), [link = self.lock()] {
    if (link->server_->alive) link->end_server(errc::unavailable);
  });
}

}  // namespace detail

// ---- SimServer

void SimServer::Impl::add(std::shared_ptr<detail::SimLink> link) {
  const std::scoped_lock lock(mutex);
  links.push_back(std::move(link));
}

void SimServer::Impl::remove(const detail::SimLink& link) {
  Completion<> done;
  {
    const std::scoped_lock lock(mutex);
    std::erase_if(links, [&](const auto& one) { return one.get() == &link; });
    if (links.empty()) done = std::move(stopped);
  }
  if (done) done();
}

Acceptor* SimServer::Impl::accepting() {
  const std::scoped_lock lock(mutex);
  return acceptor;
}

SimServer::SimServer(SimNetwork& network, std::vector<Executor*> executors)
    : impl_(std::make_shared<Impl>(network, std::move(executors))) {}

SimServer::~SimServer() {
  impl_->alive = false;
  impl_->acceptor = nullptr;
  for (const auto& link : std::exchange(impl_->links, {})) link->lose_server();
}

void SimServer::start(Acceptor& acceptor) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->acceptor = &acceptor;
}

void SimServer::stop(Instant deadline, Completion<> done) {
  std::vector<std::shared_ptr<detail::SimLink>> links;
  {
    const std::scoped_lock lock(impl_->mutex);
    impl_->acceptor = nullptr;
    links = impl_->links;
    if (links.empty()) return impl_->executors.front()->post(std::move(done));
    impl_->stopped = std::move(done);
  }
  for (const auto& link : links) {
    Executor& loop = link->executor();
    loop.post([link] { link->stop(); });
    loop.post_at(loop.now() + (deadline - loop.now()) / 2,
                 [link] { link->close(errc::shutting_down); });
    loop.post_at(deadline, [link] { link->end_server(errc::shutting_down); });
  }
}

std::size_t SimServer::peak_buffered() const { return impl_->peak; }

std::size_t SimServer::connections() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->links.size();
}

// ---- SimSocket

SimSocket::SimSocket(SimNetwork& network, Executor& executor, Events& events)
    : network_(network), executor_(executor), events_(events) {}

SimSocket::~SimSocket() { close(); }

void SimSocket::connect(SimServer& server) {
  close();
  SimServer::Impl& impl = *server.impl_;
  Executor* loop = nullptr;
  {
    const std::scoped_lock lock(impl.mutex);
    loop = impl.executors[impl.next_executor++ % impl.executors.size()];
  }
  link_ = std::make_shared<detail::SimLink>(network_, server.impl_, *loop, executor_, events_);
  link_->self = link_;
  if (paused_) link_->pause_client();
  const double refuse = network_.options.refuse;
  link_->connect(refuse > 0 && network_.random().chance(refuse));
}

void SimSocket::send(std::string message) {
  if (link_) link_->send_to_server(std::move(message));
}

void SimSocket::close() {
  if (link_) std::exchange(link_, nullptr)->close_client();
}

void SimSocket::vanish() {
  if (link_) std::exchange(link_, nullptr)->vanish_client();
}

void SimSocket::pause() {
  paused_ = true;
  if (link_) link_->pause_client();
}

void SimSocket::resume() {
  paused_ = false;
  if (link_) link_->resume_client();
}

void SimSocket::cut(Nanoseconds late) {
  if (link_) link_->cut(late);
}

bool SimSocket::quiet() const { return link_ && !paused_ && link_->quiet(); }

std::size_t SimSocket::buffered() const { return link_ ? link_->buffered() : 0; }

}  // namespace kefu::inline v0::testing
