#include <kefu/net/server.hpp>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <exception>
#include <stdexcept>
#include <thread>
#include <utility>

#include "net/file_service.hpp"
#include "net/listener.hpp"
#include "net/loop.hpp"
#include "net/site.hpp"
#include "net/worker.hpp"
#include "net/zero_copy.hpp"

namespace kefu::inline v0::net {
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

/// `front`: where the server's end is told, for the loops of transfers end with the server.
void stop_worker(const std::shared_ptr<Worker>& worker, Instant deadline, Loop& front,
                 const std::shared_ptr<Stopping>& stopping) {
  worker->loop().post([worker, deadline, &front, stopping] {
    worker->shut_down([&front, stopping] { front.post([stopping] { stopping->one_is_empty(); }); });
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
  std::thread transfers;
  std::size_t transfer_threads = 0;
  std::uint16_t port = 0;

  void add_workers(const std::vector<std::unique_ptr<Loop>>& on) {
    for (const auto& loop : on) {
      workers.push_back(std::make_shared<Worker>(*loop, site, workers.size(),
                                                 site->options.max_buffered / loops.size()));
      site->workers.push_back(workers.back());
    }
  }

  /// What leaves a loop of transfers leaves the host's.
  void run_transfers() {
    Loop& front = *loops_of(loops).front();
    transfers = std::thread{[shared = site->transfer_loops, &front] {
      try {
        shared->run();
      } catch (...) {
        front.post([failure = std::current_exception()] { std::rethrow_exception(failure); });
      }
    }};
  }
  void end_transfers() {
    if (!transfers.joinable()) return;
    site->transfer_loops->stop();
    transfers.join();
  }

  static const std::vector<std::unique_ptr<Loop>>& loops_of(const Loops& of) { return of.loops_; }
};

Server::Server(Loops& loops, ServerOptions options)
    : state_{std::make_unique<State>(loops, std::move(options))} {}

Server::~Server() {
  state_->end_transfers();
  if (!state_->listener || state_->site->stopped.load(std::memory_order_acquire)) return;
  state_->listener->close();
  for (const auto& worker : state_->workers) worker->cut_all();
}

Router& Server::router() noexcept {
  assert(!state_->listener && "routes don't change once the server has started");
  return state_->site->router;
}

void Server::get_later(std::string_view pattern, LateHandler handler) {
  get(pattern, [handler = std::move(handler)](const Request&) {
    http::Response response;
    response.later = handler;
    return response;
  });
}

void Server::serve_files(Files& files, FileServiceOptions options) {
  assert(!state_->listener && "files are served from the start");
  if (options.threads == 0) throw std::invalid_argument("files need a thread");
  Site& site = *state_->site;
  state_->transfer_threads = options.threads;
  site.transfers =
      std::make_unique<FileService>(files, std::move(options), site.options.allowed_origins);
}

void Server::start(Acceptor& acceptor) {
  assert(!state_->listener && "a server starts once");
  State& state = *state_;
  state.site->acceptor = &acceptor;
  state.add_workers(State::loops_of(state.loops));
  const auto accepting = state.workers;
  state.site->first_transfer = state.workers.size();
  if (state.site->transfers) {
    state.site->transfer_loops = std::make_shared<Loops>(state.transfer_threads);
    state.add_workers(State::loops_of(*state.site->transfer_loops));
    for (const auto& loop : State::loops_of(*state.site->transfer_loops))
      loop->post(ignore_broken_sockets);
  }
  state.listener = std::make_shared<Listener>(state.site, accepting);
  state.port = state.listener->port();
  for (const auto& worker : state.workers) Worker::keep_ticking(worker);
  if (state.site->transfers) state.run_transfers();
  state.loops.loops_.front()->post([listener = state.listener] { Listener::wait(listener); });
}

void Server::stop(Instant deadline, Completion<> done) {
  State& state = *state_;
  if (!state.listener) return done();
  const std::shared_ptr<Stopping> stopping{
      new Stopping{state.site, {state.workers.size()}, std::move(done)}};
  // In this order on the first loop: a socket that was dealt out arrives before its worker stops.
  Loop& front = *state.loops.loops_.front();
  front.post([listener = state.listener, workers = state.workers, deadline, &front, stopping] {
    listener->close();
    for (const auto& worker : workers) stop_worker(worker, deadline, front, stopping);
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

}  // namespace kefu::inline v0::net
