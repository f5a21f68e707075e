#include "nats/engine.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace kefu::inline v0::nats {
namespace {

constexpr Nanoseconds kFirstPause{10'000'000};

Instant steady_now() {
  return {Nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count()};
}

}  // namespace

Engine::Engine(const std::string& urls, const Options& options)
    : options_(options), dialer_(urls, options), backlog_(options.buffer) {
  thread_ = std::thread([this] { run(); });
}

Engine::~Engine() { stop(); }

void Engine::stop() {
  Link link;
  {
    const std::scoped_lock lock(mutex_);
    over_ = true;
    link = std::exchange(link_, nullptr);
  }
  changed_.notify_all();
  if (link) natsConnection_Close(link->get());
  if (thread_.joinable()) thread_.join();
}

void Engine::send(Message message) {
  {
    const std::scoped_lock lock(mutex_);
    count_dropped(backlog_.add(std::move(message)));
  }
  changed_.notify_all();
}

Link Engine::wait(const std::atomic<bool>& over) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return over || over_ || link_; });
  return over || over_ ? nullptr : link_;
}

void Engine::wake() {
  // Behind whoever looks at the condition now, or they would miss it.
  { const std::scoped_lock lock(mutex_); }
  changed_.notify_all();
}

void Engine::lost(const Link& link) {
  {
    const std::scoped_lock lock(mutex_);
    if (link_ != link) return;
    link_ = nullptr;
  }
  changed_.notify_all();
  // Everybody else who uses it is told by cnats.
  natsConnection_Close(link->get());
  if (options_.logger) options_.logger->log(LogLevel::warning, "NATS: the connection is lost");
}

void Engine::run() {
  std::unique_lock lock(mutex_);
  while (!over_) {
    if (!link_) {
      connect(lock);
      continue;
    }
    const auto due = [this] { return over_ || !link_ || !backlog_.empty(); };
    const bool woken = changed_.wait_for(lock, options_.ping, due);
    if (over_ || !link_) continue;
    const Link link = link_;
    const Message message = woken ? backlog_.take() : Message{};
    lock.unlock();
    if (woken) {
      publish(link, message);
    } else if (natsConnection_IsClosed(link->get())) {
      lost(link);  // without subscriptions nobody else would find out
    }
    lock.lock();
  }
}

void Engine::connect(std::unique_lock<std::mutex>& lock) {
  // A server that takes connections and drops them must not be asked without end.
  const bool brief =
      connects_ != 0 && failures_ == 0 && steady_now() < connected_ + options_.redial;
  if (brief) pause(lock);
  if (over_) return;
  lock.unlock();
  Link made = dialer_.dial();
  report(made != nullptr);
  lock.lock();
  if (made) {
    failures_ = 0;
    if (!brief) pause_ = {};
    connected_ = steady_now();
    ++connects_;
    link_ = std::move(made);
    if (!over_) return changed_.notify_all();
    made = std::exchange(link_, nullptr);
    lock.unlock();
    made.reset();
    return lock.lock();
  }
  // The next server at once, unless all have failed.
  if (++failures_ % dialer_.servers() == 0) pause(lock);
}

void Engine::pause(std::unique_lock<std::mutex>& lock) {
  pause_ = std::min(options_.redial, std::max(kFirstPause, 2 * pause_));
  changed_.wait_for(lock, pause_, [this] { return over_; });
}

void Engine::report(bool connected) const {
  if (!options_.logger) return;
  if (connected) {
    options_.logger->log(LogLevel::info, "NATS: connected to " + dialer_.server());
  } else if (failures_ == 0) {
    options_.logger->log(LogLevel::warning,
                         "NATS: can't connect to " + dialer_.server() + ": " + dialer_.status());
  }
}

void Engine::publish(const Link& link, const Message& message) {
  const natsStatus status =
      natsConnection_Publish(link->get(), message.subject.c_str(), message.bytes.data(),
                             static_cast<int>(message.bytes.size()));
  if (status == NATS_OK) {
    published_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  count_dropped(1);
  // After a write that was given up half of a message may have been sent.
  if (status != NATS_MAX_PAYLOAD) lost(link);
}

Stats Engine::stats() const {
  Stats stats;
  {
    const std::scoped_lock lock(mutex_);
    stats.connected = link_ != nullptr;
  }
  stats.connects = connects_;
  stats.published = published_;
  stats.received = received_;
  stats.dropped = dropped_;
  return stats;
}

}  // namespace kefu::inline v0::nats
