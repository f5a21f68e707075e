// Servers that die, freeze, are not there or want credentials; messages that don't fit. Nobody who
// publishes or subscribes notices anything but that hints are missing.
#include <kefu/nats/bus.hpp>

#include <doctest/doctest.h>
#include <nats/nats.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "integration/free_port.hpp"
#include "integration/net/certificates.hpp"
#include "integration/wire.hpp"
#include "server.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// What nobody waits for in vain: generous, for it is no promise.
bool until(const std::function<bool()>& holds, milliseconds patience = milliseconds(30'000)) {
  for (const auto end = steady_clock::now() + patience; !holds();) {
    if (steady_clock::now() > end) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

class Ear {
 public:
  Ear(Bus& bus, const std::string& topic) : subscription_(bus.subscribe(topic, &Ear::hear, this)) {}
  [[nodiscard]] std::vector<std::string> heard() const {
    const std::scoped_lock lock(mutex_);
    return heard_;
  }
  [[nodiscard]] bool heard(const std::string& bytes) const {
    for (const std::string& one : heard()) {
      if (one == bytes) return true;
    }
    return false;
  }

 private:
  static void hear(void* self, std::string_view, std::string_view bytes) {
    Ear& ear = *static_cast<Ear*>(self);
    const std::scoped_lock lock(ear.mutex_);
    ear.heard_.emplace_back(bytes);
  }

  mutable std::mutex mutex_;
  std::vector<std::string> heard_;
  std::unique_ptr<Bus::Subscription> subscription_;
};

/// Says it again and again, as a hint is allowed to be lost.
bool gets_through(Bus& from, const Ear& to, const std::string& bytes) {
  return until([&] {
    from.publish("topic", bytes);
    return to.heard(bytes);
  });
}

nats::Options quick() {
  nats::Options options;
  options.timeout = options.ping = milliseconds(200);
  options.redial = milliseconds(20);
  return options;
}

TEST_CASE("nats bus: a server that comes late") {
  NatsServer server;
  nats::Bus a(server.url(), quick()), b(server.url(), quick());
  const Ear ear(b, "topic");
  a.publish("topic", "early");
  CHECK_FALSE(a.stats().connected);
  server.start();
  CHECK(gets_through(a, ear, "late"));
  CHECK(a.stats().connected);
}

TEST_CASE("nats bus: a server that never comes costs nothing but its end") {
  const std::string url = "nats://127.0.0.1:" + std::to_string(free_port());
  nats::Bus bus(url, quick());
  const Ear ear(bus, "topic");
  for (int i = 0; i < 10'000; ++i) bus.publish("topic", std::string(1'000, 'x'));
  CHECK_GT(bus.stats().dropped, 8'000);  // the buffer holds 1 MiB
  CHECK_EQ(bus.stats().connects, 0);
}

TEST_CASE("nats bus: a server that is killed and comes back, again and again") {
  NatsServer server;
  server.start();
  nats::Bus a(server.url(), quick()), b(server.url(), quick());
  const Ear ear(b, "topic");
  for (int round = 0; round < 10; ++round) {
    CHECK(gets_through(a, ear, std::to_string(round)));
    server.kill();
    if (round % 2 == 0) a.publish("topic", "meanwhile");
    server.start();
  }
  CHECK(gets_through(a, ear, "last"));
  CHECK_GE(a.stats().connects, 2);
}

TEST_CASE("nats bus: of several servers one is enough") {
  NatsServer server;
  server.start();
  const std::string urls = "nats://127.0.0.1:" + std::to_string(free_port()) + "," + server.url();
  nats::Bus a(urls, quick()), b(urls, quick());
  const Ear ear(b, "topic");
  CHECK(gets_through(a, ear, "hello"));
}

TEST_CASE("nats bus: a frozen server is given up, and holds nobody up") {
  NatsServer server;
  server.start();
  nats::Bus a(server.url(), quick()), b(server.url(), quick());
  const Ear ear(b, "topic");
  REQUIRE(gets_through(a, ear, "before"));
  server.freeze();
  const auto begin = steady_clock::now();
  for (int i = 0; i < 20'000; ++i) a.publish("topic", std::string(1'000, 'x'));
  const auto took = steady_clock::now() - begin;
  MESSAGE("20,000 messages to a frozen server: ",
          std::chrono::duration_cast<milliseconds>(took).count(), " ms");
  CHECK(until([&] { return !a.stats().connected && !b.stats().connected; }));
  server.thaw();
  CHECK(gets_through(a, ear, "after"));
}

TEST_CASE("nats bus: a server that vanishes without a word is given up") {
  with_wire([](Wire& wire) {
    NatsServer server({}, Wire::kNear);
    server.start();
    nats::Bus beside_it(server.url(), quick());
    wire.go_to_far_end();
    nats::Bus bus(server.url(), quick());
    const Ear ear(bus, "topic");
    CHECK(gets_through(beside_it, ear, "before"));
    wire.drop();
    const auto begin = steady_clock::now();
    CHECK(until([&] { return !bus.stats().connected; }));
    MESSAGE("pings every 200 ms; given up after ",
            std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin).count(), " ms");
    wire.deliver();
    CHECK(gets_through(beside_it, ear, "after"));
  });
}

TEST_CASE("nats bus: a subscription ends while the server is frozen or away") {
  NatsServer server;
  server.start();
  nats::Bus a(server.url(), quick()), b(server.url(), quick());
  std::unique_ptr<Ear> ear = std::make_unique<Ear>(b, "topic");
  REQUIRE(gets_through(a, *ear, "before"));
  server.freeze();
  ear.reset();
  ear = std::make_unique<Ear>(b, "topic");
  server.kill();
  ear.reset();
  ear = std::make_unique<Ear>(b, "topic");
  server.start();
  CHECK(gets_through(a, *ear, "after"));
}

TEST_CASE("nats bus: subscriptions may outlive the bus") {
  NatsServer server;
  server.start();
  nats::Bus a(server.url(), quick());
  auto b = std::make_unique<nats::Bus>(server.url(), quick());
  const Ear ear(*b, "topic");
  REQUIRE(gets_through(a, ear, "before"));
  b.reset();
  const std::size_t heard = ear.heard().size();
  for (int i = 0; i < 100; ++i) a.publish("topic", "after");
  CHECK(until([&] { return a.stats().published >= 100; }));
  CHECK_EQ(ear.heard().size(), heard);
}

TEST_CASE("nats bus: large messages arrive whole, too large ones not at all") {
  NatsServer server;
  server.start();
  nats::Options options = quick();
  options.buffer = 8 * 1024 * 1024;
  options.timeout = options.ping = milliseconds(10'000);  // one connection is all there is
  nats::Bus a(server.url(), options), b(server.url(), options);
  const Ear ear(b, "topic");
  std::string large(1024 * 1024, 'x');  // the server's max_payload
  CHECK(gets_through(a, ear, large));
  CHECK(gets_through(a, ear, "behind it"));  // nothing waits in the buffer
  const std::uint64_t dropped = a.stats().dropped;
  large += 'y';
  a.publish("topic", large);                              // more than the server takes
  a.publish("topic", std::string(8 * 1024 * 1024, 'z'));  // more than the buffer holds
  a.publish(std::string(2'000, 't'), "a topic too long");
  CHECK(gets_through(a, ear, "after"));
  CHECK_EQ(a.stats().dropped - dropped, 3);
  CHECK_EQ(a.stats().connects, 1);
  CHECK_FALSE(ear.heard(large));
}

TEST_CASE("nats bus: what a slow handler does not take is dropped, the rest arrives") {
  NatsServer server;
  server.start();
  nats::Options small = quick();
  small.buffer = 64 * 1024;
  nats::Bus a(server.url(), quick()), b(server.url(), small);
  struct Slow {
    std::atomic<bool> inside{false}, released{false};
  } slow;
  {
    const auto hold = [](void* context, std::string_view, std::string_view) {
      Slow& self = *static_cast<Slow*>(context);
      self.inside = true;
      until([&] { return self.released.load(); });
    };
    const auto subscription = b.subscribe("topic", hold, &slow);
    CHECK(until([&] {
      a.publish("topic", "first");
      return slow.inside.load();
    }));
    const std::uint64_t before = a.stats().published;
    for (std::uint64_t i = 1; i <= 1'000; ++i) {
      a.publish("topic", std::string(1'000, 'x'));
      CHECK(until([&] { return a.stats().published >= before + i; }));
    }
    const Ear other(b, "topic");
    CHECK(gets_through(a, other, "not held up by the slow one"));
    slow.released = true;
    CHECK(until([&] { return b.stats().dropped > 500; }));
  }
}

TEST_CASE("nats bus: anybody's bytes on the subject arrive as they are") {
  NatsServer server;
  server.start();
  nats::Options options = quick();
  options.prefix = "shop.eu";
  nats::Bus bus(server.url(), options);
  const Ear ear(bus, "topic");
  natsConnection* stranger = nullptr;
  REQUIRE_EQ(natsConnection_ConnectTo(&stranger, server.url().c_str()), NATS_OK);
  const std::string garbage("\0\xff\r\nPUB shop.eu.topic 1\r\nx\r\n", 27);
  const auto says = [&](const char* subject, const std::string& bytes) {
    return natsConnection_Publish(stranger, subject, bytes.data(), static_cast<int>(bytes.size()));
  };
  CHECK(until([&] {
    CHECK_EQ(says("shop.eu.topic", garbage), NATS_OK);
    CHECK_EQ(says("shop.eu.topic", ""), NATS_OK);
    CHECK_EQ(says("topic", "of no prefix"), NATS_OK);
    CHECK_EQ(says("shop.eu.topic.more", "of another topic"), NATS_OK);
    return ear.heard(garbage) && ear.heard("");
  }));
  for (const std::string& one : ear.heard()) CHECK((one == garbage || one.empty()));
  natsConnection_Destroy(stranger);
}

TEST_CASE("nats bus: a password, right and wrong") {
  NatsServer server({"--user", "kefu", "--pass", "secret"});
  server.start();
  const std::string port = std::to_string(server.port());
  nats::Bus a("nats://kefu:secret@127.0.0.1:" + port, quick());
  nats::Bus b("nats://kefu:secret@127.0.0.1:" + port, quick());
  nats::Bus wrong("nats://kefu:guess@127.0.0.1:" + port, quick());
  const Ear ear(b, "topic"), deaf(wrong, "topic");
  CHECK(gets_through(a, ear, "hello"));
  CHECK_EQ(wrong.stats().connects, 0);
  CHECK(deaf.heard().empty());
}

TEST_CASE("nats bus: TLS both ways, for the host's name alone") {
  using kefu::net::testing::Certificate;
  const Certificate root("kefu test root", {});
  const Certificate here("localhost", {"localhost"}, &root),
      elsewhere("b.example", {"b.example"}, &root);
  const Certificate node("node", {"node"}, &root);
  const auto served_by = [&](const Certificate& certificate) {
    return std::vector<std::string>{
        "--tlsverify",          "--tlscert",   certificate.chain(), "--tlskey",
        certificate.key_file(), "--tlscacert", root.chain()};
  };
  NatsServer good(served_by(here)), other(served_by(elsewhere));
  good.start();
  other.start();
  nats::Options options = quick();
  options.timeout = milliseconds(5'000);
  options.ca_file = root.chain();
  nats::Options trusted = options;
  trusted.certificate_file = node.chain();
  trusted.key_file = node.key_file();
  nats::Bus a(good.url("tls", "localhost"), trusted), b(good.url("nats", "localhost"), trusted);
  nats::Bus unknown(good.url("tls", "localhost"), options);
  nats::Bus misled(other.url("tls", "localhost"), trusted);
  nats::Bus plain(good.url("nats", "localhost"), quick());
  const Ear ear(b, "topic");
  CHECK(gets_through(a, ear, "hello"));
  for (const nats::Bus* bus : {&unknown, &misled, &plain}) CHECK_EQ(bus->stats().connects, 0);
}

}  // namespace
