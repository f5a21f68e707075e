// Link: the port through which a Client reaches its server. WebSocket (websocket.hpp) is the one
// that ships; a host with a network library of its own implements these three calls.
//
// Units are whole text messages of the protocol kefu.v1; framing, masking and TLS belong to the
// link. A link carries one connection at a time, and may be opened again after that has ended.
//
// Threading: everything happens on one executor, the client's: the calls here come on it, and the
// events must. Lifetime: the link outlives its client.
#pragma once

#include <cstddef>
#include <kefu/error.hpp>
#include <string>
#include <string_view>

namespace kefu::inline v0::client {

/// The client's end. Never called inside a call of Link.
class LinkEvents {
 public:
  /// The connection stands: messages can be sent.
  virtual void on_opened() = 0;
  /// `message` is valid during the call; `slack` as in kefu::Inbound: how many readable bytes
  /// follow it (0 is always right).
  virtual void on_message(std::string_view message, std::size_t slack) = 0;
  /// The connection has ended, or could not be opened; the last event of it. `reason` is what the
  /// server's close frame says (wire/close_code.hpp), else errc::unavailable.
  virtual void on_closed(errc reason) = 0;

 protected:
  ~LinkEvents() = default;
};

class Link {
 public:
  virtual ~Link() = default;

  /// Begins to connect; on_opened() or on_closed() follows. An attempt takes as long as it takes:
  /// the client gives it up by close(). Precondition: there is no connection.
  virtual void open(LinkEvents& events) = 0;

  /// Queues a message. Nothing happens when there is no open connection. Messages arrive in order,
  /// or the connection ends.
  virtual void send(std::string message) = 0;

  /// Says goodbye, if there is a connection, and drops it: no event of it comes any more.
  virtual void close() = 0;
};

}  // namespace kefu::inline v0::client
