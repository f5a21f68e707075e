#include <kefu/nats/bus.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <kefu/testing/bus_conformance.hpp>
#include <memory>
#include <stdexcept>
#include <thread>

#include "server.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

class Host final : public kefu::testing::BusHost {
 public:
  explicit Host(std::string url) : url_(std::move(url)) {}
  std::unique_ptr<Bus> connect() override { return std::make_unique<nats::Bus>(url_); }
  void let(Nanoseconds pass) override { std::this_thread::sleep_for(pass); }

 private:
  const std::string url_;
};

TEST_CASE("nats bus: conformance") {
  NatsServer server;
  server.start();
  Host host(server.url());
  for (const kefu::testing::BusCheck& check : kefu::testing::bus_checks()) {
    CAPTURE(check.name);
    CHECK_EQ(check.run(host), "");
  }
}

TEST_CASE("nats bus: what can't be right is refused") {
  const auto refused = [](const std::string& urls, nats::Options options) {
    CHECK_THROWS_AS(nats::Bus(urls, options), std::invalid_argument);
  };
  refused("http://127.0.0.1", {});
  refused("nats://127.0.0.1", {.prefix = "a..b"});
  refused("nats://127.0.0.1", {.buffer = 1});
  refused("nats://127.0.0.1", {.timeout = Nanoseconds{0}});
  refused("nats://127.0.0.1", {.credentials_file = "/nowhere"});
  refused("tls://127.0.0.1", {.ca_file = "/nowhere"});
  refused("tls://127.0.0.1", {.ca_file = "/dev/null"});
  refused("tls://127.0.0.1", {.certificate_file = "/dev/null"});
  nats::Bus bus("nats://127.0.0.1:1");
  const auto ignore = [](void*, std::string_view, std::string_view) {};
  CHECK_THROWS_AS(static_cast<void>(bus.subscribe(std::string(1025, 'a'), ignore, nullptr)),
                  std::invalid_argument);
}

}  // namespace
