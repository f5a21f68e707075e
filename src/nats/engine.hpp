// Engine: keeps a connection up, and sends what is published, on a thread of its own: cnats writes
// to the socket inside the call, and may wait there.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <kefu/model/time.hpp>
#include <kefu/nats/bus.hpp>
#include <mutex>
#include <string>
#include <thread>

#include "nats/backlog.hpp"
#include "nats/dialer.hpp"

namespace kefu::inline v0::nats {

class Engine {
 public:
  /// Throws std::invalid_argument.
  Engine(const std::string& urls, const Options& options);
  ~Engine();

  void send(Message message);
  /// No connection from now on. Waits for the thread.
  void stop();

  /// Waits for a connection. Null when `over` is set, or stop() was called.
  [[nodiscard]] Link wait(const std::atomic<bool>& over);
  /// Looks at the conditions of wait() again.
  void wake();
  /// Whoever finds that it is of no use any more says so.
  void lost(const Link& link);

  void count_received() { received_.fetch_add(1, std::memory_order_relaxed); }
  void count_dropped(std::uint64_t n) { dropped_.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] Stats stats() const;
  [[nodiscard]] const Options& options() const { return options_; }

 private:
  void run();
  void connect(std::unique_lock<std::mutex>& lock);
  void publish(const Link& link, const Message& message);
  void pause(std::unique_lock<std::mutex>& lock);
  void report(bool connected) const;

  const Options options_;
  Dialer dialer_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Backlog backlog_;
  Link link_;
  bool over_ = false;
  // Of the thread alone.
  Nanoseconds pause_{};       // before the next attempt, when the last one failed
  std::size_t failures_ = 0;  // attempts since the last connection
  Instant connected_{};

  std::atomic<std::uint64_t> connects_{0}, published_{0}, received_{0}, dropped_{0};
  std::thread thread_;
};

}  // namespace kefu::inline v0::nats
