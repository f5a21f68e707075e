#include "net/listener.hpp"

#include <chrono>
#include <kefu/net/http.hpp>
#include <utility>

namespace kefu::inline v0::net {
namespace {

constexpr std::size_t kAcceptsPerTurn = 256;  // then the connections there are get their turn
constexpr std::chrono::milliseconds kExhaustedPause{100};

/// Best effort: the socket's buffer is empty, so this fits.
void answer_full(Socket socket, int status) {
  const http::Response response = come_later(status);
  std::string text = http::write_head(response, false) + response.body;
  const iovec part{text.data(), text.size()};
  (void)socket.write({&part, 1});
  socket.end_writing();
}

}  // namespace

Listener::Listener(std::shared_ptr<Site> site, std::vector<std::shared_ptr<Worker>> workers)
    : site_{std::move(site)},
      workers_{std::move(workers)},
      acceptor_{workers_.front()->loop().context()},
      pause_{workers_.front()->loop().context()} {
  const ServerOptions& options = site_->options;
  const asio::ip::tcp::endpoint endpoint{asio::ip::make_address(options.address), options.port};
  acceptor_.open(endpoint.protocol());
  acceptor_.set_option(asio::ip::tcp::acceptor::reuse_address{true});
  acceptor_.set_option(asio::ip::tcp::no_delay{true});  // the accepted sockets inherit it
  acceptor_.non_blocking(true);
  acceptor_.bind(endpoint);
  acceptor_.listen(options.backlog);
}

void Listener::wait(std::shared_ptr<Listener> listener) {
  auto& acceptor = listener->acceptor_;
  acceptor.async_wait(asio::socket_base::wait_read,
                      [listener = std::move(listener)](const asio::error_code& error) mutable {
                        if (error || !listener->acceptor_.is_open()) return;
                        switch (listener->accept_some()) {
                          case Next::wait_for_peer:
                            return wait(std::move(listener));
                          case Next::wait_for_resources:
                            return wait_for_resources(std::move(listener));
                        }
                      });
}

void Listener::wait_for_resources(std::shared_ptr<Listener> listener) {
  auto& pause = listener->pause_;
  pause.expires_after(kExhaustedPause);
  pause.async_wait([listener = std::move(listener)](const asio::error_code& error) mutable {
    if (!error && listener->acceptor_.is_open()) wait(std::move(listener));
  });
}

void Listener::close() {
  asio::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

Listener::Next Listener::accept_some() {
  for (std::size_t i = 0; i < kAcceptsPerTurn; ++i) {
    Accepted accepted = accept_from(acceptor_.native_handle());
    switch (accepted.status) {
      case AcceptStatus::accepted:
        deal(std::move(accepted));
        break;
      case AcceptStatus::gone:
        break;
      case AcceptStatus::would_block:
        return Next::wait_for_peer;
      case AcceptStatus::exhausted:
        return Next::wait_for_resources;
    }
  }
  return Next::wait_for_peer;
}

void Listener::deal(Accepted accepted) {
  const ServerOptions& options = site_->options;
  const auto refuse = [&](int status) {
    if (!options.tls) answer_full(std::move(accepted.socket), status);
  };
  AddressHold address;
  // Whom a proxy speaks for is known later.
  if (!site_->proxies.contains(accepted.peer) && !site_->take_place(accepted.peer, address))
    return refuse(429);
  if (site_->live.fetch_add(1, std::memory_order_relaxed) >= options.max_connections) {
    site_->live.fetch_sub(1, std::memory_order_relaxed);
    return refuse(503);
  }
  const std::size_t index = next_worker_++ % workers_.size();
  const auto& worker = workers_[index];
  if (index == 0) {
    return worker->adopt(std::move(accepted.socket), std::move(accepted.peer), std::move(address));
  }
  worker->loop().post([worker, socket = std::move(accepted.socket), peer = std::move(accepted.peer),
                       address = std::move(address)]() mutable {
    worker->adopt(std::move(socket), std::move(peer), std::move(address));
  });
}

}  // namespace kefu::inline v0::net
