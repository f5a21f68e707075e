// Listener: accepts on the first loop and deals the sockets out to all workers in turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "net/asio.hpp"
#include "net/worker.hpp"

namespace kefu::inline v0::net {

/// Threading: constructed anywhere, the rest on the first worker's loop, which shares it while it
/// waits.
class Listener {
 public:
  /// Listens, and throws std::system_error if it can't.
  Listener(std::shared_ptr<Site> site, std::vector<std::shared_ptr<Worker>> workers);

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  static void wait(std::shared_ptr<Listener> listener);
  void close();

 private:
  enum class Next : std::uint8_t { wait_for_peer, wait_for_resources };

  Next accept_some();
  void deal(Accepted accepted);
  static void wait_for_resources(std::shared_ptr<Listener> listener);

  std::shared_ptr<Site> site_;
  std::vector<std::shared_ptr<Worker>> workers_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer pause_;
  std::size_t next_worker_ = 0;
};

}  // namespace kefu::inline v0::net
