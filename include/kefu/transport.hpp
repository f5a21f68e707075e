// Transport: the port to the network. kefu::net::Server is one; a host that has its own server
// implements these four.
//
// Units are whole messages: framing, fragmentation, masking, compression and TLS belong to the
// transport. Everything that concerns one connection happens on that connection's executor, so
// neither side locks.
//
// Lifetimes: a Connection is alive from accepted() until on_closed() has returned, an Inbound from
// when accepted() returned it until on_closed() has returned. After either side closes, on_closed()
// is still called, exactly once. Nothing of an Inbound is called inside a call of its Connection or
// inside accepted().
//
// kefu::testing has the conformance suite that judges an implementation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/completion.hpp>
#include <kefu/error.hpp>
#include <kefu/executor.hpp>
#include <kefu/shared_frame.hpp>
#include <optional>
#include <string_view>

namespace kefu::inline v0 {

/// What became of a frame that was given to a Connection.
enum class SendStatus : std::uint8_t {
  accepted,      ///< queued
  backpressure,  ///< queued, and the bound is reached: send nothing bulky until on_writable()
  closed,        ///< dropped: the connection is closing
};

/// How well the network carries a link, as the kernel sees it.
struct LinkQuality {
  Nanoseconds round_trip{};            ///< smoothed
  Nanoseconds round_trip_variation{};  ///< the same
  std::uint32_t retransmits = 0;       ///< segments, since it was made
};

/// One physical link, seen by the hub. Nothing here throws: where memory ends, the connection is
/// closed as errc::overloaded.
class Connection {
 public:
  /// Queues a frame. Never blocks and never calls back. Frames are written in order, and those of
  /// one turn of the loop are written together.
  virtual SendStatus send(SharedFrame frame) = 0;

  /// Bytes queued and not yet taken by the network.
  [[nodiscard]] virtual std::size_t buffered() const = 0;

  /// Stops and restarts the delivery of messages. Up to the messages already read may still arrive
  /// after a pause.
  virtual void pause_reading() = 0;
  /// Ends a pause.
  virtual void resume_reading() = 0;

  /// Writes what is queued, bounded in time, then closes and tells the peer why where the protocol
  /// allows. Idempotent.
  virtual void close(errc reason) = 0;

  /// The peer's address, for logs and risk control. Valid as long as the connection.
  [[nodiscard]] virtual std::string_view peer() const = 0;

  /// The subject of the certificate by which the peer has proved who it is ("CN=...,O=...", RFC
  /// 2253), or "". Valid as long as the connection.
  [[nodiscard]] virtual std::string_view subject() const { return {}; }

  /// nullopt where the transport or the system doesn't tell. It is a system call.
  [[nodiscard]] virtual std::optional<LinkQuality> quality() const { return std::nullopt; }

  /// The loop on which this connection lives: one of those the hub was made with.
  [[nodiscard]] virtual Executor& executor() = 0;

 protected:
  ~Connection() = default;
};

/// The hub's end of a connection. All calls on the connection's executor.
class Inbound {
 public:
  /// Readable bytes that a parser may touch behind a message without a copy.
  static constexpr std::size_t kSlack = 64;

  /// One whole text message, valid during the call. `slack` says how many readable bytes follow it
  /// in memory: with kSlack or more it is parsed where it lies, with fewer (0 is always right) it
  /// is copied first.
  virtual void on_message(std::string_view message, std::size_t slack) = 0;

  /// After send() returned backpressure: the queue has fallen below half of its bound.
  virtual void on_writable() = 0;

  /// The transport stops. Answers true to finish what is under way and then close() the connection,
  /// which the transport does itself when little of its time is left; false to leave it to the
  /// transport at once.
  virtual bool on_stopping() { return false; }

  /// The last call. errc::ok when the peer closed in good order.
  virtual void on_closed(errc reason) = 0;

 protected:
  ~Inbound() = default;
};

/// Implemented by the hub.
class Acceptor {
 public:
  /// Called on the connection's executor.
  virtual Inbound& accepted(Connection& connection) = 0;

 protected:
  ~Acceptor() = default;
};

class Transport {
 public:
  virtual ~Transport() = default;

  /// Begins to accept. The acceptor must outlive the transport's last on_closed(). Throws if it
  /// can't listen.
  virtual void start(Acceptor& acceptor) = 0;

  /// Accepts no more, gives every Inbound the time to finish (see on_stopping()), closes what
  /// remains with errc::shutting_down, and completes when the last connection is closed, or at
  /// `deadline` after cutting those that are left.
  virtual void stop(Instant deadline, Completion<> done) = 0;
};

}  // namespace kefu::inline v0
