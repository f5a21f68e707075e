// A host without Asio: a whole kefu on an event loop of the host's own (loop.hpp), over a protocol
// of the host's own (lines.hpp). The server here accepts, and begins and ends connections.
//
//   KEFU_SECRET=… embed-loop 4000        then, by netcat:
//   {"type":"hello","token":"…","epoch":1}
#include <sys/signalfd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <kefu/kefu.hpp>
#include <kefu/sqlite/store.hpp>

#include "lines.hpp"

namespace {

constexpr int kBacklog = 4096;
constexpr kefu::Nanoseconds kStopTimeout{5'000'000'000};

std::system_error failed(const char* what) { return {errno, std::generic_category(), what}; }

class LineServer final : public kefu::Transport {
 public:
  LineServer(Loop& loop, std::uint16_t port) : loop_(loop) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address_.sin_port = htons(port);
    socklen_t size = sizeof address_;
    auto* const any = reinterpret_cast<sockaddr*>(&address_);
    if (::bind(socket_, any, size) != 0 || ::listen(socket_, kBacklog) != 0 ||
        ::getsockname(socket_, any, &size) != 0)
      throw failed("listen");
  }
  ~LineServer() override { stop_listening(); }
  LineServer(const LineServer&) = delete;
  LineServer& operator=(const LineServer&) = delete;

  std::uint16_t port() const { return ntohs(address_.sin_port); }

  void start(kefu::Acceptor& acceptor) override {
    loop_.sockets[socket_] = {[] { return short{POLLIN}; }, [&](short) { accept(acceptor); }};
  }
  void stop(kefu::Instant deadline, kefu::Completion<> done) override {
    stop_listening();
    stopped_ = std::move(done);
    for (auto& [number, client] : clients_) {
      if (!client.inbound->on_stopping()) client.line->close(kefu::errc::shutting_down);
    }
    // Who has not finished by then is told to go, and at the deadline cut.
    loop_.post_at(deadline + (loop_.now() - deadline) / 4,
                  [this] { for_each(&Line::close, kefu::errc::shutting_down); });
    loop_.post_at(deadline, [this] { for_each(&Line::cut); });
    tell_when_stopped();
  }

 private:
  struct Client {
    std::unique_ptr<Line> line;
    kefu::Inbound* inbound;
  };

  void accept(kefu::Acceptor& acceptor) {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const int number =
        ::accept4(socket_, reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (number < 0) return;
    char peer[INET_ADDRSTRLEN] = "";
    ::inet_ntop(AF_INET, &from.sin_addr, peer, sizeof peer);
    auto made = std::make_unique<Line>(loop_, number, peer);
    Line& line = *made;
    clients_[number] = {std::move(made), &acceptor.accepted(line)};
    loop_.sockets[number] = {[&line] { return line.wants(); },
                             [this, number](short found) { serve(number, found); }};
  }
  void serve(int number, short found) {
    const Client& client = clients_.at(number);
    const std::optional<kefu::errc> ended = client.line->ready(found, *client.inbound);
    if (!ended) return;
    client.inbound->on_closed(*ended);
    loop_.sockets.erase(number);
    clients_.erase(number);
    tell_when_stopped();
  }
  template <class... Args>
  void for_each(void (Line::*call)(Args...), Args... args) {
    for (auto& [number, client] : clients_) (client.line.get()->*call)(args...);
  }
  void stop_listening() {
    if (socket_ < 0) return;
    loop_.sockets.erase(socket_);
    ::close(std::exchange(socket_, -1));
  }
  void tell_when_stopped() {
    if (clients_.empty() && stopped_) std::exchange(stopped_, {})();
  }

  Loop& loop_;
  int socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_in address_{};
  std::map<int, Client> clients_;
  kefu::Completion<> stopped_;
};

/// A descriptor that can be read when SIGTERM or SIGINT has come. Before there are threads.
int descriptor_of_signals() {
  sigset_t both;
  ::sigemptyset(&both);
  ::sigaddset(&both, SIGTERM);
  ::sigaddset(&both, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &both, nullptr);
  return ::signalfd(-1, &both, SFD_NONBLOCK | SFD_CLOEXEC);
}

}  // namespace

int main(int argc, char** argv) try {
  const char* const secret = std::getenv("KEFU_SECRET");
  if (!secret) throw std::runtime_error("set KEFU_SECRET to the 32 or more bytes that sign tokens");
  const int signals = descriptor_of_signals();

  Loop loop;
  kefu::sqlite::Store store{"support.db"};
  kefu::Hub hub{{&loop}, store};
  hub.authenticate(kefu::jwt_hs256(secret));
  LineServer server{loop, static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 4000)};
  server.start(hub);

  loop.sockets[signals] = {[] { return short{POLLIN}; },
                           [&](short) {
                             loop.sockets.erase(signals);
                             server.stop(loop.now() + kStopTimeout, [&] { loop.stop(); });
                           }};
  std::cout << "127.0.0.1:" << server.port() << '\n' << std::flush;
  loop.run();
} catch (const std::exception& error) {
  std::cerr << "embed-loop: " << error.what() << '\n';
  return 1;
}
