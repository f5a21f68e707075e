// A server in this process with an acceptor that can be scripted and that checks what a transport
// promises.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <future>
#include <kefu/net/server.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "integration/net/client.hpp"

namespace kefu::inline v0::net::testing {

class Recorder;

/// The hub's end of a connection: answers each message with itself, unless a script says otherwise.
class Peer final : public Inbound {
 public:
  using OnMessage = std::function<void(Peer&, std::string_view)>;

  Peer(Recorder& recorder, Connection& connection, OnMessage on_message);

  SendStatus send(std::string_view text);
  void close(errc reason);
  [[nodiscard]] Connection& connection() noexcept { return connection_; }
  std::function<void(Peer&)> when_writable;

  void on_message(std::string_view message, std::size_t slack) override;
  void on_writable() override;
  void on_closed(errc reason) override;

 private:
  friend class EchoAcceptor;

  Recorder& recorder_;
  Connection& connection_;
  OnMessage on_message_;
  FramePool frames_;
  std::thread::id thread_ = std::this_thread::get_id();
  bool inside_ = true;  // a call of ours into the connection is under way, or accepted() is
  bool closed_ = false;
};

/// What happened, for the test's thread to wait on.
class Recorder {
 public:
  void note(std::string what);
  void close(errc reason) { note("closed " + std::string{name(reason)}); }
  void violation(std::string what);

  /// Waits until that was noted so many times in all.
  void await(const std::string& what, std::size_t times = 1);
  [[nodiscard]] std::size_t count(const std::string& what);
  [[nodiscard]] std::vector<std::string> violations();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::size_t> counts_;
  std::vector<std::string> violations_;
};

class EchoAcceptor final : public Acceptor {
 public:
  explicit EchoAcceptor(Recorder& recorder) : recorder_{recorder} {}

  Inbound& accepted(Connection& connection) override;

  Peer::OnMessage on_message;            ///< set before the server starts
  std::function<void(Peer&)> on_accept;  ///< likewise

 private:
  Recorder& recorder_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Peer>> peers_;
};

/// Loops, a server on a free port, and a thread that runs them.
class Host {
 public:
  explicit Host(ServerOptions options = {}, std::size_t threads = 1);
  ~Host();

  void start();
  [[nodiscard]] std::uint16_t port() const { return server.port(); }
  /// Runs a function on a loop and waits for it.
  void on_loop(std::size_t index, std::function<void()> function);
  /// Stops the server, and waits until it says that it has.
  void stop_server(Nanoseconds grace);
  /// Waits until no more connections are open.
  void await_connections(std::size_t count);

  Recorder recorder;
  EchoAcceptor acceptor{recorder};
  Loops loops;
  Server server;

 private:
  std::thread thread_;
};

}  // namespace kefu::inline v0::net::testing
