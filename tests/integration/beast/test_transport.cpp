#include <doctest/doctest.h>

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <kefu/auth.hpp>
#include <kefu/clock.hpp>
#include <kefu/hub.hpp>
#include <kefu/memory/store.hpp>
#include <kefu/testing/transport_conformance.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "beast_transport.hpp"
#include "integration/client/person.hpp"
#include "integration/net/conformance_client.hpp"

namespace {

using namespace kefu;

/// Two of the host's loops, each with its thread.
class Loops {
 public:
  Loops() {
    for (host::Loop& loop : loops_) {
      busy_.push_back(boost::asio::make_work_guard(loop.context));
      threads_.emplace_back([&loop] { loop.context.run(); });
    }
  }
  ~Loops() { stop(); }
  Loops(const Loops&) = delete;
  Loops& operator=(const Loops&) = delete;

  void stop() {
    for (host::Loop& loop : loops_) loop.context.stop();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  std::vector<host::Loop*> all() { return {&loops_[0], &loops_[1]}; }
  std::vector<Executor*> executors() { return {&loops_[0], &loops_[1]}; }

 private:
  std::array<host::Loop, 2> loops_;
  std::vector<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> busy_;
  std::vector<std::thread> threads_;
};

class BeastHost final : public testing::TransportHost {
 public:
  std::unique_ptr<Transport> open() override {
    constexpr Nanoseconds kCloseTimeout{300'000'000};
    auto server = std::make_unique<host::BeastTransport>(loops_.all(), 0, kCloseTimeout);
    port_ = server->port();
    return server;
  }
  std::vector<Executor*> executors() override { return loops_.executors(); }
  std::unique_ptr<testing::TransportClient> dial() override {
    return std::make_unique<net::testing::SocketClient>(clients_, port_);
  }
  void let(Nanoseconds pass) override {
    for (net::testing::Client* const one : clients_) one->work();
    std::this_thread::sleep_for(pass);
  }

 private:
  std::vector<net::testing::Client*> clients_;
  Loops loops_;
  std::uint16_t port_ = 0;
};

}  // namespace

TEST_CASE("a server of Boost.Beast passes the transport's conformance suite") {
  BeastHost host;
  for (const testing::TransportCheck& check : testing::transport_checks()) {
    CAPTURE(check.name);
    CHECK_EQ(check.run(host), "");
  }
}

TEST_CASE("kefu's clients talk through a hub on a server of Boost.Beast") {
  constexpr const char* kSecret = "0123456789abcdef0123456789abcdef";
  constexpr int kMessages = 200;
  const SystemClock clock;
  memory::Store store(clock);
  Loops loops;
  Hub hub(loops.executors(), store);
  hub.authenticate(jwt_hs256(kSecret));
  host::BeastTransport server(loops.all(), 0, Nanoseconds(5'000'000'000));
  server.start(hub);

  test::Stage stage;
  const std::string url = "ws://127.0.0.1:" + std::to_string(server.port()) + "/ws";
  const Timestamp end = clock.now() + Nanoseconds(600'000'000'000);
  const auto token = [&](const char* who, Role role) {
    return sign_jwt_hs256(kSecret, {{who, role}, end});
  };
  const ConversationId chat{1, 1};
  auto visitor = std::make_unique<test::Person>(stage, url, token("v", Role::visitor), chat, "v",
                                                kMessages, true);
  auto agent = std::make_unique<test::Person>(stage, url, token("a", Role::agent), chat, "a",
                                              kMessages, false);
  agent->start();
  visitor->start();
  for (const auto* one : {visitor.get(), agent.get()}) {
    stage.await([&] {
      return one->settled == kMessages && visitor->found_in(one->log).size() == kMessages &&
             agent->found_in(one->log).size() == kMessages;
    });
  }
  CHECK(visitor->wrong.empty());
  CHECK(agent->wrong.empty());
  CHECK_EQ(visitor->found_in(agent->log), visitor->said());
  CHECK_EQ(agent->found_in(visitor->log), agent->said());

  bool stopped = false;
  server.stop(loops.executors().front()->now() + Nanoseconds(5'000'000'000),
              [&] { stage.change([&] { stopped = true; }); });
  stage.await([&] { return stopped; });
  test::Person::leave(stage, std::move(visitor));
  test::Person::leave(stage, std::move(agent));
  loops.stop();  // before the hub goes
}
