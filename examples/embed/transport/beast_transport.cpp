#include "beast_transport.hpp"

#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <set>
#include <utility>

#include "peer.hpp"

namespace host {

namespace asio = boost::asio;

void Loop::post(kefu::Task task) {
  asio::post(context, [task = std::move(task)]() mutable { task(); });
}

void Loop::post_at(kefu::Instant when, kefu::Task task) {
  using Clock = std::chrono::steady_clock;
  auto timer = std::make_unique<asio::steady_timer>(
      context, Clock::time_point(std::chrono::nanoseconds(when.ns)));
  asio::steady_timer& waiting = *timer;
  waiting.async_wait([timer = std::move(timer), task = std::move(task)](
                         const boost::system::error_code&) mutable { task(); });
}

kefu::Instant Loop::now() const {
  return {std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count()};
}

struct BeastTransport::Server : std::enable_shared_from_this<Server> {
  Server(std::vector<Loop*> all, std::uint16_t port, kefu::Nanoseconds patience)
      : loops(std::move(all)),
        peers(loops.size()),
        close_timeout(patience),
        listener(loops.front()->context, {asio::ip::address_v4::loopback(), port}) {}

  /// Runs on the first loop, and so does the listener's closing.
  void accept() {
    const std::size_t to = next++ % loops.size();
    listener.async_accept(loops[to]->context,
                          [self = shared_from_this(), to](boost::system::error_code failed,
                                                          asio::ip::tcp::socket socket) {
                            if (failed && !self->listener.is_open()) return;
                            if (!failed) self->welcome(to, std::move(socket));
                            self->accept();
                          });
  }
  void welcome(std::size_t to, asio::ip::tcp::socket socket) {
    ++running;
    asio::post(
        loops[to]->context, [self = shared_from_this(), to, socket = std::move(socket)]() mutable {
          const auto peer =
              std::make_shared<Peer>(*self->loops[to], std::move(socket), self->close_timeout);
          self->peers[to].insert(peer);
          peer->begin(*self->acceptor, [self, to, gone = std::weak_ptr(peer)] {
            self->peers[to].erase(gone.lock());
            self->ended_one();
          });
        });
  }
  /// The last one completes stop(): of connections, and of stop()'s own work on each loop.
  void ended_one() {
    if (--running == 0) stopped();
  }
  void stop(kefu::Instant deadline) {
    const kefu::Instant last_call = deadline + (loops.front()->now() - deadline) / 4;
    on_each_peer(
        {}, [](Peer& peer) { peer.stop(); }, true);
    on_each_peer(last_call, [](Peer& peer) { peer.close(kefu::errc::shutting_down); });
    on_each_peer(deadline, [](Peer& peer) {
      peer.close(kefu::errc::shutting_down);
      peer.cut();
    });
  }
  void on_each_peer(kefu::Instant when, void (*call)(Peer&), bool counts = false) {
    for (std::size_t i = 0; i < loops.size(); ++i) {
      if (counts) ++running;
      loops[i]->post_at(when, [self = shared_from_this(), i, call, counts] {
        const auto all = self->peers[i];  // a copy: they may end meanwhile
        for (const auto& peer : all) call(*peer);
        if (counts) self->ended_one();
      });
    }
  }

  const std::vector<Loop*> loops;
  std::vector<std::set<std::shared_ptr<Peer>>> peers;  // of each loop, used on it alone
  const kefu::Nanoseconds close_timeout;
  asio::ip::tcp::acceptor listener;
  kefu::Acceptor* acceptor = nullptr;
  std::size_t next = 0;
  std::atomic<std::size_t> running{1};  // that one until stop()
  kefu::Completion<> stopped;
};

BeastTransport::BeastTransport(std::vector<Loop*> loops, std::uint16_t port,
                               kefu::Nanoseconds close_timeout)
    : server_(std::make_shared<Server>(std::move(loops), port, close_timeout)) {}

std::uint16_t BeastTransport::port() const { return server_->listener.local_endpoint().port(); }

void BeastTransport::start(kefu::Acceptor& acceptor) {
  server_->acceptor = &acceptor;
  asio::post(server_->loops.front()->context, [server = server_] { server->accept(); });
}

void BeastTransport::stop(kefu::Instant deadline, kefu::Completion<> done) {
  server_->stopped = std::move(done);
  // Behind what the listener has accepted already.
  asio::post(server_->loops.front()->context, [server = server_, deadline] {
    server->listener.close();
    server->stop(deadline);
    server->ended_one();
  });
}

}  // namespace host
