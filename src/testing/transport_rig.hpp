// What the transport checks are written with: an acceptor that can be scripted, and that looks at
// every call whether it may come now, and here.
#pragma once

#include <atomic>
#include <functional>
#include <kefu/testing/transport_conformance.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "testing/expect.hpp"

namespace kefu::inline v0::testing {

class TransportRig;

/// A hub's end of one connection.
class ServerEnd final : public Inbound {
 public:
  ServerEnd(TransportRig& rig, Connection& connection);

  // On its shard:
  SendStatus send(std::string_view text) { return send(pool_.copy(text)); }
  SendStatus send(SharedFrame frame);
  void close(errc reason);
  void pause_reading();
  void resume_reading();
  [[nodiscard]] std::size_t buffered() const { return connection_.buffered(); }
  [[nodiscard]] Connection& connection() noexcept { return connection_; }
  [[nodiscard]] SharedFrame frame(std::string_view text) { return pool_.copy(text); }

  // Anywhere:
  [[nodiscard]] Executor& executor() const noexcept { return executor_; }
  [[nodiscard]] std::size_t messages() const;
  [[nodiscard]] std::vector<std::string> texts() const;
  [[nodiscard]] int writable() const;
  [[nodiscard]] bool stopping() const;
  [[nodiscard]] std::optional<errc> closed() const;

 private:
  friend class TransportRig;

  void on_message(std::string_view message, std::size_t slack) override;
  void on_writable() override;
  bool on_stopping() override;
  void on_closed(errc reason) override;

  TransportRig& rig_;
  Connection& connection_;
  Executor& executor_;
  FramePool pool_;
  std::atomic<bool> inside_{true};  // a call of ours into the transport, or accepted()
  std::atomic<bool> pressed_{false};

  // Guarded by the rig's mutex:
  std::vector<std::string> texts_;
  int writable_ = 0;
  bool stopping_ = false;
  std::optional<errc> closed_;
};

/// Both ends.
struct TestLink {
  std::unique_ptr<TransportClient> client;
  ServerEnd* server = nullptr;
};

class TransportRig final : public Acceptor {
 public:
  /// Opens and starts a transport.
  explicit TransportRig(TransportHost& host);
  ~TransportRig();
  TransportRig(const TransportRig&) = delete;
  TransportRig& operator=(const TransportRig&) = delete;

  [[nodiscard]] TransportHost& host() noexcept { return host_; }

  // Scripts, told before the links they are for are made.
  void when_accepted(std::function<void(ServerEnd&)> script);
  void when_message(std::function<void(ServerEnd&, std::string_view)> script);
  /// From now on on_stopping() answers that there is something to finish.
  void be_busy_when_stopped() { busy_when_stopped_ = true; }

  [[nodiscard]] TestLink connect();
  [[nodiscard]] std::vector<TestLink> connect(std::size_t count);
  [[nodiscard]] std::size_t accepted() const;
  [[nodiscard]] std::vector<ServerEnd*> ends() const;

  /// Runs a function on the shard of a connection that is not closed yet, and waits for it. A
  /// Failure that it throws is thrown here.
  void on_shard(ServerEnd& end, std::function<void(ServerEnd&)> function);
  /// The next message that a client gets.
  [[nodiscard]] std::string next(TransportClient& client);
  [[nodiscard]] errc end_of(TransportClient& client);
  [[nodiscard]] errc closing_of(const ServerEnd& end);
  template <class Condition>
  void await(Condition holds, std::string_view what, int line = __builtin_LINE()) {
    testing::await(host_, std::move(holds), what, line);
  }

  void stop(Nanoseconds within);
  [[nodiscard]] bool stopped() const { return stopped_; }

  /// Stops the transport, where that has not been done, and expects that nothing was wrong.
  void finish();
  /// What was wrong so far.
  [[nodiscard]] std::string violations() const;

 private:
  friend class ServerEnd;
  friend class Turn;

  Inbound& accepted(Connection& connection) override;
  void violation(std::string what);

  TransportHost& host_;
  std::map<const Executor*, std::atomic<bool>> busy_;
  mutable std::mutex mutex_;  // guards what follows
  std::function<void(ServerEnd&)> when_accepted_;
  std::function<void(ServerEnd&, std::string_view)> when_message_;
  std::vector<std::unique_ptr<ServerEnd>> ends_;
  std::vector<std::string> violations_;
  bool stopping_ = false;
  std::atomic<bool> stopped_{false};
  std::atomic<bool> busy_when_stopped_{false};
  std::unique_ptr<Transport> transport_;  // the first to go
};

/// What runs on an executor: one thing at a time.
class Turn {
 public:
  Turn(TransportRig& rig, const Executor& executor, const char* what);
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  std::atomic<bool>* busy_ = nullptr;
};

/// A text of so many bytes, whole characters, that tells its number where there is room.
[[nodiscard]] std::string text_of(std::size_t number, std::size_t size);

inline constexpr std::size_t kFillFrame = 8192;  ///< bytes of a frame of fill()

/// Sends to a client that does not read, until more than the bound is queued and stays so. Answers
/// how many frames that took: text_of(0, kFillFrame), text_of(1, kFillFrame) …
std::size_t fill(TransportRig& rig, ServerEnd& server);

/// Runs a check's body as TransportCheck::run must.
template <void (*Body)(TransportRig&)>
std::string run_transport_check(TransportHost& host) {
  return outcome_of([&] {
    TransportRig rig(host);
    try {
      Body(rig);
      rig.finish();
    } catch (const Failure& failure) {
      const std::string wrong = rig.violations();
      throw Failure(wrong.empty() ? failure.what() : wrong + " (" + failure.what() + ")");
    }
  });
}

// The rooms of the suite.
void add_message_checks(std::vector<TransportCheck>& checks);
void add_closing_checks(std::vector<TransportCheck>& checks);

}  // namespace kefu::inline v0::testing
