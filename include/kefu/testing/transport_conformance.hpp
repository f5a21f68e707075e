// The conformance suite for a Transport: one named check for each thing that <kefu/transport.hpp>
// promises. It needs no test framework: run each check from whichever you use, and report its text.
// README.md beside this file shows how.
//
//   for (const kefu::testing::TransportCheck& check : kefu::testing::transport_checks()) {
//     const std::string failure = check.run(my_host);
//     if (!failure.empty()) report(check.name, failure);
//   }
#pragma once

#include <cstddef>
#include <kefu/error.hpp>
#include <kefu/executor.hpp>
#include <kefu/limits.hpp>
#include <kefu/transport.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::testing {

/// The far end of one link. All calls come from the thread that runs the check, and none may block:
/// what has to wait goes on in TransportHost::let().
class TransportClient {
 public:
  /// An open link breaks: no goodbye, and what was queued need not arrive.
  virtual ~TransportClient() = default;

  /// Queues a message, however much the server leaves unread.
  virtual void send(std::string message) = 0;

  /// The next message that has come; nothing when there is none (yet).
  virtual std::optional<std::string> receive() = 0;

  /// Nothing while the link stands, or while receive() has something to give. Else why it has
  /// ended: what the server said (wire/close_code.hpp), errc::unavailable when it said nothing or
  /// did not let this client in.
  virtual std::optional<errc> ended() = 0;

  /// Between these two nothing is taken from the network, so that it fills up.
  virtual void pause_reading() = 0;
  /// Ends a pause.
  virtual void resume_reading() = 0;

  /// Ends the link, behind what was sent; in good order, where the protocol knows one.
  virtual void close() = 0;
};

/// How the checks get at the transport under test. All calls come from the thread that runs the
/// check, and no more than one transport is alive at a time. What they throw passes through the
/// check.
class TransportHost {
 public:
  virtual ~TransportHost() = default;

  /// A new transport, not started. It is destroyed after its stop() has completed.
  virtual std::unique_ptr<Transport> open() = 0;

  /// Where its connections may live. They run in threads of their own, or inside let().
  virtual std::vector<Executor*> executors() = 0;

  /// A client that begins to connect to the transport that was opened last.
  virtual std::unique_ptr<TransportClient> dial() = 0;

  /// Lets about so much time pass, in which transport, executors and clients get on. Where an
  /// executor is driven by the test, its time passes here; else this may sleep.
  virtual void let(Nanoseconds pass) = 0;

  /// Bytes queued in a connection at which its send() must have answered backpressure.
  [[nodiscard]] virtual std::size_t send_bound() const { return limits{}.send_queue; }

  /// Bytes of the largest message that the transport takes from a client.
  [[nodiscard]] virtual std::size_t max_message() const { return limits{}.max_frame; }

  /// False where the protocol has no room for the reason of a close.
  [[nodiscard]] virtual bool tells_reasons() const { return true; }

  /// False where a client has no way to end in good order: it just goes.
  [[nodiscard]] virtual bool says_goodbye() const { return true; }
};

/// One promise of a Transport, and how to see whether it holds.
struct TransportCheck {
  std::string_view name;               ///< e.g. "send: tells of backpressure"
  std::string (*run)(TransportHost&);  ///< what went wrong; empty when nothing did
};

/// All of them.
[[nodiscard]] std::vector<TransportCheck> transport_checks();

}  // namespace kefu::inline v0::testing
