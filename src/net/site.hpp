// Site: what a server serves. Nothing in it but the atomics changes once the server has started.
#pragma once

#include <atomic>
#include <cstddef>
#include <kefu/net/server.hpp>
#include <kefu/net/static_files.hpp>
#include <kefu/net/upgrade.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/address_hold.hpp"
#include "net/transfer.hpp"

namespace kefu::inline v0::net {

class Worker;

/// An answer for whom there is no room now.
[[nodiscard]] http::Response come_later(int status);

struct Site {
  explicit Site(ServerOptions from);

  /// Counts a connection to its address, if that is one that is counted; false: it is one too many.
  /// Any thread.
  [[nodiscard]] bool take_place(std::string_view address, AddressHold& place);

  /// Answers what isn't a WebSocket. Any thread.
  [[nodiscard]] http::Response answer(Request request) const;

  ServerOptions options;
  UpgradeOptions upgrade;
  Router router;
  TrustedProxies proxies;
  std::optional<StaticFiles> files;
  Acceptor* acceptor = nullptr;
  AddressHolds addresses;
  std::vector<std::weak_ptr<Worker>> workers;  ///< those of transfers behind the others
  std::size_t first_transfer = 0;              ///< of the workers
  std::atomic<std::size_t> next_transfer{0};
  std::unique_ptr<TransferService> transfers;  ///< null: there are none
  std::shared_ptr<Loops> transfer_loops;       ///< a worker shares them with the server
  std::atomic<std::size_t> live{0};            ///< open connections
  std::atomic<bool> stopped{false};            ///< every worker is empty and stays so
};

}  // namespace kefu::inline v0::net
