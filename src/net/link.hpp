// Link: what a Worker knows of each of its sockets, whatever is spoken on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/error.hpp>
#include <memory>
#include <new>
#include <utility>

#include "net/address_hold.hpp"
#include "net/poller.hpp"
#include "net/socket.hpp"

namespace kefu::inline v0::net {

class Worker;

/// Owned by its worker, which destroys it some time after retire().
class Link : public Watcher {
 public:
  Link(Worker& worker, Socket socket) noexcept : worker_{worker}, socket_{std::move(socket)} {}
  virtual ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void on_ready(Readiness readiness) final;
  /// Reads what is there, if it wants to read now.
  void read_now();
  /// The clock of timeouts has moved.
  virtual void on_tick() = 0;
  /// The server stops: end in good order, once what is under way is finished.
  virtual void shut_down() = 0;
  /// It is late: end in good order without waiting for that.
  virtual void close_down() { shut_down(); }
  /// End now.
  virtual void cut() = 0;
  /// The same, for another reason than that the server stops.
  virtual void cut_for(errc) { cut(); }

  /// A read or write may need the other direction, under TLS.
  void await_readable();
  [[nodiscard]] bool is_readable(Readiness readiness) const noexcept {
    return readiness.readable ||
           (readiness.writable && socket_.tls() && socket_.tls().read_awaits_writable());
  }

  [[nodiscard]] int descriptor() const noexcept { return socket_.descriptor(); }

  /// Calls something of this link. Where memory ends it ends this link, and no more.
  template <class Call>
  void guard(Call call) {
    try {
      call();
    } catch (const std::bad_alloc&) {
      cut_for(errc::overloaded);
    }
  }

  /// Bytes that it holds back, as last counted.
  [[nodiscard]] std::uint32_t held() const noexcept { return held_; }

 protected:
  friend class LinkChain;
  friend class Worker;

  virtual void be_ready(Readiness readiness) = 0;
  virtual void read() = 0;

  /// Counts its bytes anew.
  void hold(std::size_t bytes) noexcept;

  Worker& worker_;
  Socket socket_;
  AddressHold address_;
  std::uint32_t slot_ = 0;  ///< the worker's

 private:
  std::uint32_t held_ = 0;
  std::unique_ptr<Link> next_;  // in a chain
};

/// Links that have ended, each owned by the one before: so it takes no memory to end one.
class LinkChain {
 public:
  LinkChain() = default;
  ~LinkChain() { clear(); }
  LinkChain(const LinkChain&) = delete;
  LinkChain& operator=(const LinkChain&) = delete;

  void push(std::unique_ptr<Link> link) noexcept {
    link->next_ = std::move(first_);
    first_ = std::move(link);
  }
  /// One by one: a long chain must not fall recursively.
  void clear() noexcept {
    while (first_) first_ = std::move(first_->next_);
  }
  void swap(LinkChain& other) noexcept { first_.swap(other.first_); }

 private:
  std::unique_ptr<Link> first_;
};

}  // namespace kefu::inline v0::net
