// SimLink: one link of a SimNetwork, from the attempt on. Each member is touched on one executor
// only, the server's or the client's, but for what is atomic.
#pragma once

#include <atomic>
#include <deque>
#include <kefu/testing/sim_network.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace kefu::inline v0::testing {

/// Links keep it alive, so that what is under way may still ask whether the server is there.
struct SimServer::Impl {
  SimNetwork& network;
  std::vector<Executor*> executors;

  std::atomic<bool> alive{true};
  std::atomic<std::size_t> peak{0};
  std::mutex mutex;  // guards what follows
  Acceptor* acceptor = nullptr;
  std::size_t next_executor = 0;
  std::vector<std::shared_ptr<detail::SimLink>> links;
  Completion<> stopped;

  explicit Impl(SimNetwork& with, std::vector<Executor*> on)
      : network(with), executors(std::move(on)) {}

  void add(std::shared_ptr<detail::SimLink> link);
  void remove(const detail::SimLink& link);
  [[nodiscard]] Acceptor* accepting();
};

namespace detail {

class SimLink final : public Connection {
 public:
  SimLink(SimNetwork& network, std::shared_ptr<SimServer::Impl> server, Executor& server_loop,
          Executor& client_loop, SimSocket::Events& events)
      : network_(network),
        server_(std::move(server)),
        server_loop_(server_loop),
        client_loop_(client_loop),
        events_(&events) {}

  // ---- the server's end: a Connection
  SendStatus send(SharedFrame frame) override;
  [[nodiscard]] std::size_t buffered() const override { return queued_; }
  void pause_reading() override { read_paused_ = true; }
  void resume_reading() override;
  void close(errc reason) override;
  [[nodiscard]] std::string_view peer() const override { return "sim"; }
  [[nodiscard]] Executor& executor() override { return server_loop_; }

  /// The server stops: closes unless the hub has something to finish.
  void stop();
  /// Ends the server's end with a word to the hub.
  void end_server(errc reason);
  /// The same without one: the process is gone.
  void lose_server();

  // ---- the client's end
  void connect(bool refused);
  void send_to_server(std::string message);
  void close_client();
  void vanish_client();
  void pause_client() { client_paused_ = true; }
  void resume_client();
  void cut(Nanoseconds late);
  [[nodiscard]] bool quiet() const {
    return server_->alive && !to_client_dead_ && queued_ == 0 && in_flight_ == 0 && inbox_.empty();
  }

  /// The link itself, for what outlives the caller.
  std::weak_ptr<SimLink> self;

 private:
  template <class F>
  void to_client(F task);
  template <class F>
  void to_server(F task);
  template <class F>
  void to(Executor& loop, Instant now, Instant& last, F task);

  void accept();
  void pump();
  void on_credit(std::size_t size);
  void on_server_message(std::string message);
  void read_unread();
  void finish_if_written();

  void on_client_frame(SharedFrame frame);
  void read_inbox();
  void end_client(errc reason);

  SimNetwork& network_;
  const std::shared_ptr<SimServer::Impl> server_;
  Executor& server_loop_;
  Executor& client_loop_;
  std::atomic<bool> to_client_dead_{false};
  std::atomic<bool> to_server_dead_{false};

  // On the server's executor.
  Inbound* inbound_ = nullptr;
  std::deque<SharedFrame> queue_;
  std::atomic<std::size_t> queued_{0};     // bytes in queue_
  std::atomic<std::size_t> in_flight_{0};  // bytes taken from it that the client has not read
  bool pressed_ = false;                   // send() answered backpressure
  bool read_paused_ = false;
  std::deque<std::string> unread_;
  bool closing_ = false;
  errc reason_ = errc::ok;
  Instant last_to_client_{};

  // On the client's executor.
  SimSocket::Events* events_;  // null: it wants no more
  bool opened_ = false;
  bool client_paused_ = false;
  std::deque<SharedFrame> inbox_;
  Instant last_to_server_{};
};

}  // namespace detail
}  // namespace kefu::inline v0::testing
