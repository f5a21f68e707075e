// The event loop that the host had before: poll(), and what runs after each turn of it. All that
// kefu asks of it are the three calls of kefu::Executor.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <kefu/executor.hpp>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

class Loop final : public kefu::Executor {
 public:
  struct Socket {
    std::function<short()> wants;            // POLLIN, POLLOUT
    std::function<void(short found)> ready;  // may erase this socket, as its last act
  };
  std::map<int, Socket> sockets;

  Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() override { ::close(wake_); }

  // From any thread: the store answers on one of its own.
  void post(kefu::Task task) override { post_at({}, std::move(task)); }
  void post_at(kefu::Instant when, kefu::Task task) override {
    const std::lock_guard lock(mutex_);
    tasks_.emplace(when, std::move(task));  // of equal times the one posted first comes first
    ::eventfd_write(wake_, 1);
  }
  kefu::Instant now() const override {
    const auto time = std::chrono::steady_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<kefu::Nanoseconds>(time).count()};
  }

  void stop() { stopped_ = true; }
  void run() {
    while (!stopped_) {
      std::vector<pollfd> all{{wake_, POLLIN, 0}};
      for (const auto& [number, socket] : sockets) all.push_back({number, socket.wants(), 0});
      ::poll(all.data(), all.size(), milliseconds_to_wait());
      eventfd_t posts = 0;
      if (all.front().revents != 0) ::eventfd_read(wake_, &posts);
      for (const pollfd& one : all) {
        const auto at = sockets.find(one.fd);
        if (one.revents == 0 || at == sockets.end()) continue;
        const auto ready = at->second.ready;  // a copy: it may erase itself
        ready(one.revents);
      }
      // What tasks post waits for the next turn, behind the sockets: kefu batches on that.
      for (kefu::Task& task : take_due()) task();
    }
  }

 private:
  int milliseconds_to_wait() {
    const std::lock_guard lock(mutex_);
    if (tasks_.empty()) return -1;
    const kefu::Nanoseconds left = tasks_.begin()->first - now();
    if (left.count() <= 0) return 0;
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
  }
  std::vector<kefu::Task> take_due() {
    const std::lock_guard lock(mutex_);
    std::vector<kefu::Task> due;
    for (const kefu::Instant time = now(); !tasks_.empty() && tasks_.begin()->first <= time;
         tasks_.erase(tasks_.begin()))
      due.push_back(std::move(tasks_.begin()->second));
    return due;
  }

  const int wake_ = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  bool stopped_ = false;
  std::mutex mutex_;
  std::multimap<kefu::Instant, kefu::Task> tasks_;
};
