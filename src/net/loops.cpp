#include <kefu/net/loops.hpp>

#include <csignal>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "net/asio.hpp"
#include "net/loop.hpp"

namespace kefu::inline v0::net {
namespace {

/// The first exception that left any of the threads.
class FirstFailure {
 public:
  void keep_current() {
    const std::lock_guard lock{mutex_};
    if (!failure_) failure_ = std::current_exception();
  }
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::mutex mutex_;
  std::exception_ptr failure_;
};

}  // namespace

struct Loops::Signals {
  Signals(asio::io_context& context, Loops& owner, std::function<void()> on_first)
      : set{context, SIGINT, SIGTERM}, loops{owner}, first{std::move(on_first)} {
    wait();
  }

  void wait() {
    set.async_wait([this](const asio::error_code& error, int) {
      if (error) return;
      if (!first) return loops.stop();
      wait();
      std::exchange(first, nullptr)();
    });
  }

  asio::signal_set set;
  Loops& loops;
  std::function<void()> first;
};

struct Loops::Hangups {
  Hangups(asio::io_context& context, std::function<void()> on_each)
      : set{context, SIGHUP}, each{std::move(on_each)} {
    wait();
  }

  void wait() {
    set.async_wait([this](const asio::error_code& error, int) {
      if (error) return;
      wait();
      each();
    });
  }

  asio::signal_set set;
  std::function<void()> each;
};

Loops::Loops(std::size_t threads) {
  if (threads == 0) throw std::invalid_argument("kefu::net::Loops needs a thread");
  loops_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) loops_.push_back(std::make_unique<Loop>());
}

Loops::~Loops() {
  signals_.reset();
  hangups_.reset();
  // In this order: what is left on the first loop, which accepts, may hold workers of the others.
  for (auto& loop : loops_) loop.reset();
}

std::vector<Executor*> Loops::executors() const {
  std::vector<Executor*> all;
  all.reserve(loops_.size());
  for (const auto& loop : loops_) all.push_back(loop.get());
  return all;
}

void Loops::run() {
  FirstFailure failure;
  const auto run_one = [&](Loop& loop) {
    try {
      loop.run();
    } catch (...) {
      failure.keep_current();
      stop();
    }
  };
  std::vector<std::thread> threads;
  try {
    for (std::size_t i = 1; i < loops_.size(); ++i) {
      threads.emplace_back(run_one, std::ref(*loops_[i]));
    }
    run_one(*loops_.front());
  } catch (...) {  // a thread that can't be started
    failure.keep_current();
    stop();
  }
  for (std::thread& thread : threads) thread.join();
  failure.rethrow();
}

void Loops::stop() {
  for (const auto& loop : loops_) loop->stop();
}

void Loops::stop_on_signals(std::function<void()> first) {
  signals_ = std::make_unique<Signals>(loops_.front()->context(), *this, std::move(first));
}

void Loops::on_hangup(std::function<void()> each) {
  hangups_ = std::make_unique<Hangups>(loops_.front()->context(), std::move(each));
}

}  // namespace kefu::inline v0::net
