#include "integration/net/host.hpp"

#include <doctest/doctest.h>

#include <stdexcept>

#include "integration/net/certificates.hpp"

namespace kefu::inline v0::net::testing {

Peer::Peer(Recorder& recorder, Connection& connection, OnMessage on_message)
    : recorder_{recorder}, connection_{connection}, on_message_{std::move(on_message)} {}

SendStatus Peer::send(std::string_view text) {
  const bool outer = std::exchange(inside_, true);
  const SendStatus status = connection_.send(frames_.copy(text));
  inside_ = outer;
  return status;
}

void Peer::close(errc reason) {
  const bool outer = std::exchange(inside_, true);
  connection_.close(reason);
  inside_ = outer;
}

void Peer::on_message(std::string_view message, std::size_t slack) {
  if (inside_) recorder_.violation("on_message inside a call");
  if (closed_) recorder_.violation("on_message after on_closed");
  if (thread_ != std::this_thread::get_id()) recorder_.violation("on_message on another thread");
  if (slack < Inbound::kSlack) recorder_.violation("little slack");
  volatile char last = *(message.data() + message.size() + slack - 1);  // readable, as promised
  (void)last;
  on_message_(*this, message);
}

void Peer::on_writable() {
  if (inside_) recorder_.violation("on_writable inside a call");
  if (closed_) recorder_.violation("on_writable after on_closed");
  recorder_.note("writable");
  if (when_writable) when_writable(*this);
}

void Peer::on_closed(errc reason) {
  if (inside_) recorder_.violation("on_closed inside a call");
  if (closed_) recorder_.violation("on_closed twice");
  closed_ = true;
  if (connection_.send(frames_.copy("late")) != SendStatus::closed) {
    recorder_.violation("send after on_closed");
  }
  recorder_.close(reason);
}

void Recorder::note(std::string what) {
  const std::lock_guard lock{mutex_};
  ++counts_[std::move(what)];
  changed_.notify_all();
}

void Recorder::violation(std::string what) {
  const std::lock_guard lock{mutex_};
  violations_.push_back(std::move(what));
}

void Recorder::await(const std::string& what, std::size_t times) {
  std::unique_lock lock{mutex_};
  if (!changed_.wait_for(lock, kPatience, [&] { return counts_[what] >= times; })) {
    throw std::runtime_error("did not happen: " + what);
  }
}

std::size_t Recorder::count(const std::string& what) {
  const std::lock_guard lock{mutex_};
  return counts_[what];
}

std::vector<std::string> Recorder::violations() {
  const std::lock_guard lock{mutex_};
  return violations_;
}

Inbound& EchoAcceptor::accepted(Connection& connection) {
  auto peer = std::make_unique<Peer>(recorder_, connection, on_message);
  Peer& added = *peer;
  if (!added.on_message_)
    added.on_message_ = [](Peer& to, std::string_view text) { to.send(text); };
  {
    const std::lock_guard lock{mutex_};
    peers_.push_back(std::move(peer));
  }
  if (on_accept) on_accept(added);
  added.inside_ = false;
  recorder_.note("accepted");
  return added;
}

Host::Host(ServerOptions options, std::size_t threads)
    : loops{threads}, server{loops, [&] {
                               options.port = 0;
                               if (!options.tls && over_tls()) options.tls = &any_server();
                               return std::move(options);
                             }()} {}

void Host::start() {
  server.start(acceptor);
  thread_ = std::thread{[this] { loops.run(); }};
}

Host::~Host() {
  loops.stop();
  if (thread_.joinable()) thread_.join();
  for (const std::string& violation : recorder.violations()) FAIL_CHECK(violation);
}

void Host::on_loop(std::size_t index, std::function<void()> function) {
  std::promise<void> done;
  loops.executors()[index]->post([&] {
    function();
    done.set_value();
  });
  if (done.get_future().wait_for(kPatience) != std::future_status::ready) {
    throw std::runtime_error("the loop does nothing");
  }
}

void Host::stop_server(Nanoseconds grace) {
  std::promise<void> done;
  server.stop(loops.executors()[0]->now() + grace, [&done] { done.set_value(); });
  if (done.get_future().wait_for(kPatience) != std::future_status::ready) {
    throw std::runtime_error("the server does not stop");
  }
}

void Host::await_connections(std::size_t count) {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (server.connections() != count) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("connections are left");
    on_loop(0, [] {});  // lets it work
  }
}

}  // namespace kefu::inline v0::net::testing
