#include <kefu/net/server.hpp>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <utility>

#include "net/listener.hpp"
#include "net/loop.hpp"
#include "net/site.hpp"
#include "net/worker.hpp"

namespace kefu::net {
namespace {

/// Calls its completion when the last worker is empty.
struct Stopping {
  void one_is_empty() {
    if (left.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    site->stopped.store(true, std::memory_order_release);
    done();
  }

  std::shared_ptr<Site> site;
  std::atomic<std::size_t> left;
  Completion<> done;
};

void stop_worker(const std::shared_ptr<Worker>& worker, Instant deadline,
                 const std::shared_ptr<Stopping>& stopping) {
  worker->loop().post([worker, deadline, stopping] {
    worker->shut_down([stopping] { stopping->one_is_empty(); });
    // The last words need some of the time too.
    Loop& loop = worker->loop();
    const Nanoseconds time = deadline - loop.now();
    const Nanoseconds closing = std::min(worker->site().options.close_timeout, time / 2);
    loop.post_at(loop.now() + (time - closing), [worker] { worker->close_all(); });
    loop.post_at(deadline, [worker] { worker->cut_all(); });
  });
}

}  // namespace

struct Server::State {
  State(Loops& on, ServerOptions options)
      : loops{on}, site{std::make_shared<Site>(std::move(options))} {}

  Loops& loops;
  std::shared_ptr<Site> site;
  std::vector<std::shared_ptr<Worker>> workers;
  std::shared_ptr<Listener> listener;
  std::uint16_t port = 0;
};

Server::Server(Loops& loops, ServerOptions options)
    : state_{std::make_unique<State>(loops, std::move(options))} {}

Server::~Server() {
  if (!state_->listener || state_->site->stopped.load(std::memory_order_acquire)) return;
  state_->listener->close();
  for (const auto& worker : state_->workers) worker->cut_all();
}

Router& Server::router() noexcept {
  assert(!state_->listener && "routes don't change once the server has started");
  return state_->site->router;
}

void Server::get_later(std::string path, LateHandler handler) {
  assert(!state_->listener && "routes don't change once the server has started");
  state_->site->late.emplace_back(std::move(path), std::move(handler));
}

void Server::start(Acceptor& acceptor) {
  assert(!state_->listener && "a server starts once");
  State& state = *state_;
  state.site->acceptor = &acceptor;
  for (const auto& loop : state.loops.loops_) {
    state.workers.push_back(
        std::make_shared<Worker>(*loop, state.site, state.workers.size(),
                                 state.site->options.max_buffered / state.loops.size()));
    state.site->workers.push_back(state.workers.back());
  }
  state.listener = std::make_shared<Listener>(state.site, state.workers);
  state.port = state.listener->port();
  for (const auto& worker : state.workers) Worker::keep_ticking(worker);
  state.loops.loops_.front()->post([listener = state.listener] { Listener::wait(listener); });
}

void Server::stop(Instant deadline, Completion<> done) {
  State& state = *state_;
  if (!state.listener) return done();
  const std::shared_ptr<Stopping> stopping{
      new Stopping{state.site, {state.workers.size()}, std::move(done)}};
  // In this order on the first loop: a socket that was dealt out arrives before its worker stops.
  state.loops.loops_.front()->post(
      [listener = state.listener, workers = state.workers, deadline, stopping] {
        listener->close();
        for (const auto& worker : workers) stop_worker(worker, deadline, stopping);
      });
}

std::uint16_t Server::port() const noexcept { return state_->port; }

std::size_t Server::buffered() const noexcept {
  std::size_t sum = 0;
  for (const auto& worker : state_->workers) sum += worker->held();
  return sum;
}

std::size_t Server::connections() const noexcept {
  return state_->site->live.load(std::memory_order_relaxed);
}

}  // namespace kefu::net
