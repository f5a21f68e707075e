#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "net/asio.hpp"
#include "net/poller.hpp"
#include "prefetch.hpp"

namespace kefu::inline v0::net {
namespace {

constexpr std::size_t kBatch = 512;  // events handed out between two looks at everything else
constexpr std::size_t kAhead = 2;    // events whose watchers are fetched before their turn
constexpr std::size_t kWatcherSize = 256;

// Both directions from the start: with edge triggering a connection then needs no epoll_ctl until
// it is closed.
constexpr std::uint32_t kEvents = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;

Readiness readiness_of(std::uint32_t events) noexcept {
  constexpr std::uint32_t kBroken = EPOLLHUP | EPOLLERR;
  return {.readable = (events & (EPOLLIN | EPOLLRDHUP | kBroken)) != 0,
          .writable = (events & (EPOLLOUT | kBroken)) != 0,
          .ended = (events & (EPOLLRDHUP | kBroken)) != 0};
}

int create_set() {
  const int set = ::epoll_create1(EPOLL_CLOEXEC);
  if (set < 0) throw std::system_error(errno, std::system_category(), "epoll_create1");
  return set;
}

}  // namespace

struct Poller::Impl {
  Impl(asio::io_context& context, std::function<void()> on_turn)
      : set{context, create_set()}, turn{std::move(on_turn)} {
    arm();
  }

  void arm() {
    armed = true;
    set.async_wait(asio::posix::stream_descriptor::wait_read,
                   [this](const asio::error_code& error) {
                     if (error) return;  // only when this object goes
                     armed = false;
                     turn();
                   });
  }

  std::error_code control(int operation, int descriptor) {
    epoll_event event{};
    event.events = kEvents;
    event.data.fd = descriptor;
    if (::epoll_ctl(set.native_handle(), operation, descriptor, &event) == 0) return {};
    return {errno, std::system_category()};
  }

  Watcher*& watcher(int descriptor) { return watchers[static_cast<std::size_t>(descriptor)]; }

  void forget(int descriptor) noexcept {  // which may never have been added, for want of memory
    if (static_cast<std::size_t>(descriptor) < watchers.size()) watcher(descriptor) = nullptr;
  }

  asio::posix::stream_descriptor set;
  std::function<void()> turn;
  // By descriptor; null for those that are not watched. The set could hold them itself, but then
  // each change of watcher would cost an epoll_ctl and an event.
  std::vector<Watcher*> watchers;
  std::array<epoll_event, kBatch> events{};
  bool armed = false;
};

Poller::Poller(asio::io_context& context, std::function<void()> turn)
    : impl_{std::make_unique<Impl>(context, std::move(turn))} {}

Poller::~Poller() = default;

std::error_code Poller::add(int descriptor, Watcher& watcher) {
  const std::size_t most = static_cast<std::size_t>(descriptor) + 1;
  if (impl_->watchers.size() < most) impl_->watchers.resize(most);
  impl_->watcher(descriptor) = &watcher;
  return impl_->control(EPOLL_CTL_ADD, descriptor);
}

void Poller::hand_over(int descriptor, Watcher& to) { impl_->watcher(descriptor) = &to; }

void Poller::tell_again(int descriptor) { impl_->control(EPOLL_CTL_MOD, descriptor); }

// Closing a descriptor takes it out of the set: no one else has a duplicate of it.
void Poller::remove(int descriptor) { impl_->forget(descriptor); }

void Poller::release(int descriptor) {
  impl_->forget(descriptor);
  impl_->control(EPOLL_CTL_DEL, descriptor);
}

// With edge triggering they are awaited already.
void Poller::await_readable(int) {}
void Poller::await_writable(int) {}

void Poller::poll() {
  const int set = impl_->set.native_handle();
  const int count = ::epoll_wait(set, impl_->events.data(), static_cast<int>(kBatch), 0);
  for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(count, 0)); ++i) {
    const epoll_event& event = impl_->events[i];
    if (i + kAhead < static_cast<std::size_t>(count))
      prefetch(impl_->watcher(impl_->events[i + kAhead].data.fd), kWatcherSize);
    if (Watcher* const watcher = impl_->watcher(event.data.fd))
      watcher->on_ready(readiness_of(event.events));
  }
  if (!impl_->armed) impl_->arm();
}

}  // namespace kefu::inline v0::net
