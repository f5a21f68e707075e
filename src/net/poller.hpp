// Poller: says when sockets can be read or written. One per loop; on Linux an epoll set of our own
// inside Asio's, and elsewhere Asio's waits (poller_asio.cpp).
//
// Why not Asio's waits everywhere: each costs an epoll_ctl, so one more system call for every
// message, and an idle connection would hold Asio's descriptor state and a pending operation, about
// as much as all the rest of it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <system_error>

#include "net/asio.hpp"

namespace kefu::inline v0::net {

struct Readiness {
  bool readable = false;
  bool writable = false;
  bool ended = false;  ///< the peer has ended or broken the connection: read until that shows
};

class Watcher {
 public:
  /// The socket may be ready; or not, so be prepared for would_block. Never called inside a call of
  /// Poller but poll().
  virtual void on_ready(Readiness readiness) = 0;

 protected:
  ~Watcher() = default;
};

/// Edge-triggered: after on_ready(), the next call comes only once a read or write has answered
/// would_block or moved less than it was asked for, and await_readable() or await_writable() has
/// been called since.
class Poller {
 public:
  /// `turn` is called, on the loop, when there may be something to poll.
  Poller(asio::io_context& context, std::function<void()> turn);
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Watches a socket for reading. Its descriptor stays the caller's.
  std::error_code add(int descriptor, Watcher& watcher);
  /// From now on another watcher is told. What was told already may not be told again.
  void hand_over(int descriptor, Watcher& to);
  /// Tells what is ready, as if nothing had been told.
  void tell_again(int descriptor);
  /// Before the descriptor is closed.
  void remove(int descriptor);
  /// It goes on elsewhere: nobody is told of it here any more.
  void release(int descriptor);

  void await_readable(int descriptor);
  void await_writable(int descriptor);

  /// Calls on_ready() for what is ready now, a bounded number at a time; `turn` comes again if
  /// there is more.
  void poll();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kefu::inline v0::net
