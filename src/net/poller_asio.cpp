#if !KEFU_NET_LINUX

#include <unordered_map>

#include "net/asio.hpp"
#include "net/poller.hpp"

namespace kefu::inline v0::net {
namespace {

using asio::posix::stream_descriptor;

/// Shared with the waits that are under way, which outlive remove().
struct Watch {
  Watch(asio::io_context& context, int descriptor, Watcher& to)
      : stream{context, descriptor}, watcher{&to} {}

  stream_descriptor stream;
  Watcher* watcher;
  bool reading = false;
  bool writing = false;
};

}  // namespace

struct Poller::Impl {
  using Entry = std::shared_ptr<Watch>;

  void await_readable(const Entry& watch) {
    if (std::exchange(watch->reading, true)) return;
    watch->stream.async_wait(stream_descriptor::wait_read, [watch](const asio::error_code& error) {
      watch->reading = false;
      if (!error) deliver(*watch, {.readable = true});
    });
  }

  void await_writable(const Entry& watch) {
    if (std::exchange(watch->writing, true)) return;
    watch->stream.async_wait(stream_descriptor::wait_write, [watch](const asio::error_code& error) {
      watch->writing = false;
      if (!error) deliver(*watch, {.writable = true});
    });
  }

  static void deliver(Watch& watch, Readiness readiness) {
    if (watch.watcher) watch.watcher->on_ready(readiness);
  }

  asio::io_context& context;
  std::unordered_map<int, Entry> watches;
};

// Each socket's wait is a handler of the loop, so what they cause comes in a turn behind them all.
Poller::Poller(asio::io_context& context, std::function<void()>) : impl_{new Impl{context, {}}} {}

Poller::~Poller() {
  for (const auto& [descriptor, watch] : impl_->watches) {
    watch->watcher = nullptr;
    watch->stream.release();
  }
}

std::error_code Poller::add(int descriptor, Watcher& watcher) {
  const auto watch = std::make_shared<Watch>(impl_->context, descriptor, watcher);
  impl_->watches[descriptor] = watch;
  impl_->await_readable(watch);
  return {};
}

void Poller::hand_over(int descriptor, Watcher& to) {
  const auto& watch = impl_->watches.at(descriptor);
  watch->watcher = &to;
  impl_->await_readable(watch);
}

void Poller::tell_again(int) {}  // the waits tell of what is ready, not of what becomes so

void Poller::remove(int descriptor) {
  const auto at = impl_->watches.find(descriptor);
  if (at == impl_->watches.end()) return;
  at->second->watcher = nullptr;
  at->second->stream.release();
  impl_->watches.erase(at);
}

void Poller::release(int descriptor) { remove(descriptor); }

void Poller::await_readable(int descriptor) {
  impl_->await_readable(impl_->watches.at(descriptor));
}

void Poller::await_writable(int descriptor) {
  impl_->await_writable(impl_->watches.at(descriptor));
}

void Poller::poll() {}

}  // namespace kefu::inline v0::net

#endif
