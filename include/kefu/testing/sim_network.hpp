// SimNetwork: a network inside the process. SimServer is a Transport, SimSocket a client's end of a
// link. Without options it is a pipe: reliable, without delay, for examples and tests with any
// executors. With a generator it delays, and with cut() it fails, as TCP does: what arrives is a
// prefix of what was sent, each side finds out in its own time, and a connection from which nobody
// reads fills up.
//
//   SimNetwork network;
//   SimServer server(network, {&loop});
//   server.start(hub);
//   SimSocket socket(network, loop, events);
//   socket.connect(server);
//
// Threading: a server's connections live on its executors, a socket's calls and events on its own.
// With delays, failures or limits that are smaller than what is sent, all executors must be driven
// by one thread (manual_executor.hpp). Lifetimes: network, executors and servers outlive what uses
// them; a socket may go at any time.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <kefu/executor.hpp>
#include <kefu/testing/random.hpp>
#include <kefu/transport.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0::testing {

/// How slow and unreliable a SimNetwork is.
struct SimNetworkOptions {
  Nanoseconds latency_min{0};  ///< of each message, one way …
  Nanoseconds latency_max{0};  ///< … drawn anew for each; messages never overtake each other
  Nanoseconds notice_max{0};   ///< within this, an end learns that its link was cut
  double refuse = 0;           ///< the chance that an attempt to connect fails
  std::size_t send_bound = 64 * 1024;  ///< bytes queued for a client above which send() says so
  std::size_t in_flight = 64 * 1024;   ///< bytes on the way to a client that it has not read
  Nanoseconds linger{1'000'000'000};   ///< for which a server writes on after close()
};

namespace detail {
class SimLink;
}

/// The weather: options that may be changed at any time, and the generator they draw from.
class SimNetwork {
 public:
  SimNetwork() : random_(0) {}
  SimNetwork(std::uint64_t seed, SimNetworkOptions with) : options(with), random_(seed) {}

  SimNetworkOptions options;

  /// Of which every delay and fault is drawn.
  [[nodiscard]] Random& random() { return random_; }
  /// Of the next message.
  [[nodiscard]] Nanoseconds latency() {
    return options.latency_max.count() == 0
               ? Nanoseconds(0)
               : random_.between(options.latency_min, options.latency_max);
  }
  /// After how long an end learns of the next cut.
  [[nodiscard]] Nanoseconds notice() {
    return options.notice_max.count() == 0 ? Nanoseconds(0)
                                           : random_.between(Nanoseconds(0), options.notice_max);
  }

 private:
  Random random_;
};

/// A Transport on a SimNetwork.
class SimServer final : public Transport {
 public:
  /// Connections are dealt out to the executors in turn.
  SimServer(SimNetwork& network, std::vector<Executor*> executors);

  /// Without stop() before: the process died. Its connections are gone without a word to the
  /// acceptor, which must be gone too; the clients find out.
  ~SimServer() override;

  void start(Acceptor& acceptor) override;
  void stop(Instant deadline, Completion<> done) override;

  /// The highest number of bytes that were queued in any connection.
  [[nodiscard]] std::size_t peak_buffered() const;
  /// How many are open now.
  [[nodiscard]] std::size_t connections() const;

 private:
  friend class SimSocket;
  friend class detail::SimLink;
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// A client's end of a link on a SimNetwork.
class SimSocket {
 public:
  /// All calls on the socket's executor, none inside a call of the socket.
  class Events {
   public:
    /// The server has accepted it.
    virtual void on_opened() = 0;
    /// One whole message; valid during the call.
    virtual void on_message(std::string_view message) = 0;
    /// The last of a connection. As a WebSocket client hears it: errc::unavailable for a lost one.
    virtual void on_closed(errc reason) = 0;

   protected:
    ~Events() = default;
  };

  SimSocket(SimNetwork& network, Executor& executor, Events& events);
  ~SimSocket();
  SimSocket(const SimSocket&) = delete;
  SimSocket& operator=(const SimSocket&) = delete;

  /// Begins to connect; on_opened() or on_closed() follows. Drops what was before.
  void connect(SimServer& server);
  /// Nothing happens where there is no open link.
  void send(std::string message);
  /// Says goodbye; no more events.
  void close();
  /// Vanishes without a word, as a machine that loses power; no more events.
  void vanish();

  /// While reading is paused nothing is taken from the link, which fills up.
  void pause();
  /// Ends a pause.
  void resume();

  /// The link breaks: what is on the way is lost, and both ends learn it in their own time. `late`:
  /// for how long what the client sends still arrives, while it hears nothing any more.
  void cut(Nanoseconds late = Nanoseconds(0));

  /// The link is whole, and nothing is on its way to this socket.
  [[nodiscard]] bool quiet() const;

  /// Bytes queued for this socket in its server.
  [[nodiscard]] std::size_t buffered() const;

 private:
  SimNetwork& network_;
  Executor& executor_;
  Events& events_;
  std::shared_ptr<detail::SimLink> link_;
  bool paused_ = false;
};

}  // namespace kefu::inline v0::testing
