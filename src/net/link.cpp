#include "net/link.hpp"

#include "net/worker.hpp"

namespace kefu::inline v0::net {

Link::~Link() { hold(0); }

void Link::on_ready(Readiness readiness) {
  guard([&] { be_ready(readiness); });
}

void Link::read_now() {
  guard([this] { read(); });
}

void Link::hold(std::size_t bytes) noexcept {
  worker_.held_.store(worker_.held() + bytes - held_, std::memory_order_relaxed);
  held_ = static_cast<std::uint32_t>(bytes);
}

void Link::await_readable() {
  Poller& poller = worker_.loop().poller();
  poller.await_readable(descriptor());
  if (socket_.tls() && socket_.tls().read_awaits_writable()) poller.await_writable(descriptor());
}

}  // namespace kefu::inline v0::net
