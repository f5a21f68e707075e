// Dialer: makes connections to the servers, one after the other. None of them mends itself: a lost
// one is closed, and another is dialled, so that start, loss and a stalled write are one path.
#pragma once

#include <nats/nats.h>

#include <cstddef>
#include <kefu/nats/bus.hpp>
#include <memory>
#include <string>
#include <vector>

#include "nats/address.hpp"
#include "nats/connection.hpp"

namespace kefu::inline v0::nats {

class Dialer {
 public:
  /// Throws std::invalid_argument.
  Dialer(const std::string& urls, const Options& options);

  /// Tries the next server. Null: it can't be reached, and status() says why.
  [[nodiscard]] Link dial();

  [[nodiscard]] const std::string& server() const { return servers_[at_].name; }
  [[nodiscard]] const char* status() const { return natsStatus_GetText(status_); }
  [[nodiscard]] std::size_t servers() const { return servers_.size(); }

 private:
  struct Free {
    void operator()(natsOptions* options) const noexcept { natsOptions_Destroy(options); }
  };
  using Settings = std::unique_ptr<natsOptions, Free>;
  struct Server {
    std::string name;
    Settings settings;
  };

  static Settings settings_for(const Address& address, const Options& options);

  std::vector<Server> servers_;
  std::size_t at_ = 0;
  natsStatus status_ = NATS_OK;
};

}  // namespace kefu::inline v0::nats
