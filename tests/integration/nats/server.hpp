// NatsServer: a nats-server of the test's own, on a free port of loopback. It ends with the test.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace kefu::test {

class NatsServer {
 public:
  /// Picks a port, which stays; starts nothing.
  explicit NatsServer(std::vector<std::string> options = {}, std::string address = "127.0.0.1");
  ~NatsServer();
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  /// Waits until it accepts connections. Throws std::runtime_error.
  void start();
  /// As a crash would; waits for the end.
  void kill();
  /// Stops it as it is, and lets it go on.
  void freeze() const;
  void thaw() const;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url() const { return url("nats", address_); }
  [[nodiscard]] std::string url(const std::string& scheme,
                                const std::string& host = "127.0.0.1") const {
    return scheme + "://" + host + ":" + std::to_string(port_);
  }

 private:
  std::vector<std::string> options_;
  std::string address_;
  std::uint16_t port_ = 0;
  pid_t server_ = -1;
};

}  // namespace kefu::test
