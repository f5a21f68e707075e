// Engine: many WebSocket clients in one thread, on epoll. It opens, cuts, reads and writes links;
// what they say is its handler's business.
#pragma once

#include <kefu/net/websocket.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "histogram.hpp"
#include "machine.hpp"
#include "options.hpp"

struct epoll_event;

namespace bench {

struct Link {
  enum class State : std::uint8_t {
    closed,
    connecting,  ///< TCP
    upgrading,   ///< the request is out, its answer isn't whole
    greeting,    ///< a WebSocket; the handler has not called it ready
    ready,
  };

  std::uint32_t index = 0;
  State state = State::closed;
  bool dirty = false;  ///< on the list of those to be flushed
  std::uint8_t failures = 0;
  int fd = -1;
  std::uint64_t begun_ns = 0;  ///< since when it has been wanted
  std::string head;            ///< what has come of the answer to the upgrade
  kefu::net::websocket::Decoder decoder{{}};
  std::vector<std::byte> out;
  std::size_t out_done = 0;
};

class Engine {
 public:
  class Handler {
   public:
    /// Which of the servers it is for, modulo their number.
    virtual std::uint32_t node_of(const Link& link) = 0;
    /// What its request asks for: path and query.
    virtual std::string request_target(const Link& link) = 0;
    /// The link is a WebSocket now; call ready() when it is of use.
    virtual void on_open(Link& link) = 0;
    /// `text` has websocket::kPadding readable bytes behind it.
    virtual void on_text(Link& link, std::string_view text) = 0;
    /// Its output is about to be written: the last moment to add to it.
    virtual void before_flush(Link& link) = 0;

   protected:
    ~Handler() = default;
  };

  Engine(const Options& options, std::uint32_t links, Handler& handler);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  [[nodiscard]] Link& link(std::uint32_t index) { return links_[index]; }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(links_.size()); }

  /// Wants the link open, from now on; the handshake begins when fewer than `concurrency` are going
  /// on.
  void open(Link& link);
  void set_concurrency(std::uint32_t most) { concurrency_ = most; }
  void ready(Link& link);
  /// Ends it with a reset: the server gets no close frame and no FIN.
  void cut(Link& link);
  /// A text message, written when the turn ends.
  void send(Link& link, std::string_view text);
  void touch(Link& link);

  /// One turn: waits at most `wait_ns` for events, handles at most `batch` of them, writes what
  /// came of it.
  void turn(std::uint64_t wait_ns);
  void run_for(double seconds);
  /// Until `done()`, at most so long. True when it was done.
  template <class Done>
  bool run_until(double seconds, Done done);

  [[nodiscard]] std::uint32_t ready_links() const { return ready_; }
  [[nodiscard]] bool all_ready() const { return ready_ == links_.size(); }
  /// When the turn's bytes were received.
  [[nodiscard]] std::uint64_t received_at() const { return received_at_; }

  Histogram handshakes;                 ///< from wanted to ready
  std::uint64_t failed_handshakes = 0;  ///< each is tried again, a few times
  std::uint64_t dropped = 0;            ///< ready links that the server ended
  std::string last_failure;

 private:
  [[nodiscard]] std::uint16_t port_of(const Link& link) const;
  void start(Link& link);
  void request_upgrade(Link& link);
  void on_event(Link& link, std::uint32_t events);
  void read(Link& link, bool to_the_end);
  bool consume_head(Link& link, std::span<std::byte>& input);
  void consume(Link& link, std::span<std::byte> input);
  void flush(Link& link);
  void flush_all();
  void lost(Link& link, std::string_view why);
  void shut(Link& link);
  std::uint32_t random();

  const Options& options_;
  Handler& handler_;
  std::vector<Link> links_;
  std::deque<std::uint32_t> wanted_;
  std::vector<std::uint32_t> dirty_;
  std::vector<epoll_event> events_;
  std::vector<std::byte> input_;
  std::uint32_t concurrency_;
  std::uint32_t handshaking_ = 0;
  std::uint32_t ready_ = 0;
  std::uint32_t random_;
  std::uint64_t received_at_ = 0;
  int epoll_ = -1;
};

template <class Done>
bool Engine::run_until(double seconds, Done done) {
  constexpr std::uint64_t kStep = 2'000'000;
  const std::uint64_t end = now_ns() + static_cast<std::uint64_t>(seconds * 1e9);
  while (!done()) {
    if (now_ns() >= end) return false;
    turn(kStep);
  }
  return true;
}

}  // namespace bench
