// nats::Bus: hints between nodes over NATS core. Nothing of it has to be there: while no server can
// be reached, readers find what other nodes stored within limits::tail_check.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/bus.hpp>
#include <kefu/logger.hpp>
#include <kefu/model/time.hpp>
#include <memory>
#include <string>

namespace kefu::inline v0::nats {

/// How a Bus reaches its servers.
struct Options {
  /// Stands before each topic, with a dot between them; nodes that hear each other have the same,
  /// tenants that share a server have their own. Letters, digits, - and _ with single dots between
  /// them, up to 256 bytes. Empty: the topic alone.
  std::string prefix{};
  /// What the server's monitoring shows of this node.
  std::string name = "kefu";
  /// Bytes that may wait to be sent; above that the oldest are dropped. Bytes that may wait for the
  /// handler of each subscription; above that the newest are dropped. 64 KiB to 1 GiB.
  std::size_t buffer = 1024 * 1024;
  /// A server that doesn't answer a connection, or takes nothing, for so long is given up (2 s).
  Nanoseconds timeout{2'000'000'000};
  /// A silent server is asked whether it is there so often, and given up after two of them: so one
  /// that vanishes without a word is noticed after three times as long (2 s).
  Nanoseconds ping{2'000'000'000};
  /// A lost connection is made again at once, then after pauses that double up to this (0.5 s).
  Nanoseconds redial{500'000'000};
  /// File of credentials as `nsc` writes them: a JWT and the seed that signs. Read at each
  /// connection.
  std::string credentials_file{};
  /// PEM files. Of those that the server's certificate may be signed by (empty: the system's), and
  /// of this node's own certificate, with those that lead to its root, and its key. With any of
  /// them all connections are TLS.
  std::string ca_file{};
  std::string certificate_file{};
  std::string key_file{};
  /// Is told when the server is lost and found. Outlives the bus.
  Logger* logger = nullptr;
};

/// Since the bus was made.
struct Stats {
  bool connected = false;       ///< as far as is known
  std::uint64_t connects = 0;   ///< connections made
  std::uint64_t published = 0;  ///< messages given to a server
  std::uint64_t received = 0;   ///< messages given to a handler
  std::uint64_t dropped = 0;    ///< messages given up before a server had them, or a handler
};

/// Threading: as the port says. One thread sends, and each subscription has one for its handler;
/// cnats has some of its own. publish() takes a lock for as long as it takes to move a string.
/// Lifetimes: subscriptions may outlive the bus, and hear nothing then. A subscription is not ended
/// from within its own handler. The end of one, or of the bus, waits for a server that takes
/// nothing for up to Options::timeout.
/// Failure: a lost connection is made again, forever; what is published meanwhile waits in the
/// buffer. What is larger than the server's max_payload is dropped.
/// Trust: hints carry messages (limits::hint_entry). Whoever may listen on the server's subjects
/// reads them, and whoever may publish there can show to those who are connected what was never
/// stored; the store, and who takes part in what, is out of their reach. So a server that others
/// share needs credentials and TLS, as the network between nodes does anyway.
/// Process: cnats ignores SIGPIPE for the whole of it.
class Bus final : public kefu::Bus {
 public:
  /// `urls`: "nats://host:4222" or "tls://…", several with commas between them, tried in turn; with
  /// "user:password@" or "token@" before the host. Waits for none of them. A certificate must be
  /// for the host of its URL. Throws std::invalid_argument for what can't be right, files included.
  explicit Bus(const std::string& urls, Options options = {});
  ~Bus() override;

  void publish(std::string_view topic, std::string_view bytes) override;
  /// Throws std::invalid_argument for a topic above 1 KiB (bytes other than letters, digits, - and
  /// _ count three), std::system_error without a thread.
  [[nodiscard]] std::unique_ptr<Subscription> subscribe(std::string topic, Handler handler,
                                                        void* context) override;

  /// What it has carried and dropped so far. Any thread.
  [[nodiscard]] Stats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kefu::inline v0::nats
