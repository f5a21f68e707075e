// Link: what a Worker knows of each of its sockets, whatever is spoken on it.
#pragma once

#include <cstdint>

#include "net/poller.hpp"
#include "net/socket.hpp"

namespace kefu::net {

class Worker;

/// Owned by its worker, which destroys it some time after retire().
class Link : public Watcher {
 public:
  Link(Worker& worker, Socket socket) noexcept : worker_{worker}, socket_{std::move(socket)} {}
  virtual ~Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  /// Reads what is there, if it wants to read now.
  virtual void read() = 0;
  /// The clock of timeouts has moved.
  virtual void on_tick() = 0;
  /// The server stops: end in good order, once what is under way is finished.
  virtual void shut_down() = 0;
  /// It is late: end in good order without waiting for that.
  virtual void close_down() { shut_down(); }
  /// End now.
  virtual void cut() = 0;

  /// A read or write may need the other direction, under TLS.
  void await_readable();
  [[nodiscard]] bool is_readable(Readiness readiness) const noexcept {
    return readiness.readable ||
           (readiness.writable && socket_.tls() && socket_.tls().read_awaits_writable());
  }

  [[nodiscard]] int descriptor() const noexcept { return socket_.descriptor(); }

 protected:
  friend class Worker;

  Worker& worker_;
  Socket socket_;
  std::uint32_t slot_ = 0;  ///< the worker's
};

}  // namespace kefu::net
