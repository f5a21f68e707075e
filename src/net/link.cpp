#include "net/link.hpp"

#include "net/worker.hpp"

namespace kefu::net {

void Link::await_readable() {
  Poller& poller = worker_.loop().poller();
  poller.await_readable(descriptor());
  if (socket_.tls() && socket_.tls().read_awaits_writable()) poller.await_writable(descriptor());
}

}  // namespace kefu::net
