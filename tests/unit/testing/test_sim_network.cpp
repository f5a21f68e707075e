#include <kefu/testing/sim_network.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <kefu/testing/manual_executor.hpp>
#include <memory>
#include <string>
#include <vector>

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

/// A server's side that writes down what happens.
class Desk final : public Acceptor {
 public:
  struct Guest final : Inbound {
    Desk* desk = nullptr;
    Connection* connection = nullptr;

    void on_message(std::string_view message, std::size_t slack) override {
      CHECK(slack == Inbound::kSlack);
      CHECK(message.data()[message.size()] == '\0');
      desk->heard += std::string(message) + ' ';
    }
    void on_writable() override { desk->heard += "writable "; }
    void on_closed(errc reason) override {
      desk->heard += "closed:" + std::string(name(reason)) + ' ';
      connection = nullptr;
    }
  };

  Inbound& accepted(Connection& connection) override {
    guests.push_back(std::make_unique<Guest>());
    guests.back()->desk = this;
    guests.back()->connection = &connection;
    return *guests.back();
  }
  [[nodiscard]] Connection& last() const { return *guests.back()->connection; }
  SendStatus send(std::string_view text) { return last().send(pool.copy(text)); }

  FramePool pool;
  std::vector<std::unique_ptr<Guest>> guests;
  std::string heard;
};

struct Caller final : SimSocket::Events {
  std::string heard;
  void on_opened() override { heard += "opened "; }
  void on_message(std::string_view message) override { heard += std::string(message) + ' '; }
  void on_closed(errc reason) override { heard += "closed:" + std::string(name(reason)) + ' '; }
};

struct World {
  explicit World(SimNetworkOptions options = {}) : network(1, options) { server->start(desk); }
  void connect() {
    socket.connect(*server);
    loop.advance(1s);
    REQUIRE(caller.heard == "opened ");
    caller.heard.clear();
  }

  ManualExecutor loop;
  SimNetwork network;
  Desk desk;
  Caller caller;
  std::unique_ptr<SimServer> server =
      std::make_unique<SimServer>(network, std::vector<Executor*>{&loop});
  SimSocket socket{network, loop, caller};
};

}  // namespace

TEST_CASE("a pipe: messages both ways, nothing inside a call, and a goodbye") {
  World w;
  w.connect();
  CHECK(w.desk.send("hello") == SendStatus::accepted);
  w.socket.send("hi");
  CHECK(w.desk.heard.empty());
  CHECK(w.caller.heard.empty());
  w.loop.run_until_idle();
  CHECK(w.desk.heard == "hi ");
  CHECK(w.caller.heard == "hello ");
  w.socket.close();
  w.loop.run_until_idle();
  CHECK(w.desk.heard == "hi closed:ok ");
  CHECK(w.caller.heard == "hello ");
  CHECK(w.server->connections() == 0);
}

TEST_CASE("the server closes: what is queued is written, then the client hears why") {
  World w;
  w.connect();
  w.desk.send("last");
  w.desk.last().close(errc::fenced);
  CHECK(w.desk.send("too late") == SendStatus::closed);
  w.socket.send("unheard");
  w.loop.run_until_idle();
  CHECK(w.caller.heard == "last closed:superseded ");
  CHECK(w.desk.heard == "closed:fenced ");
}

TEST_CASE("delays change no order") {
  World w({.latency_min = 1ms, .latency_max = 900ms});
  w.socket.connect(*w.server);
  w.loop.advance(2s);
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    w.desk.send(std::to_string(i));
    w.socket.send(std::to_string(i));
    expected += std::to_string(i) + ' ';
    w.loop.advance(10ms);
  }
  w.loop.advance(2s);
  CHECK(w.caller.heard == "opened " + expected);
  CHECK(w.desk.heard == expected);
}

TEST_CASE("nobody there: an attempt fails") {
  World w;
  SUBCASE("by chance") { w.network.options.refuse = 1; }
  SUBCASE("no server") {
    w.server->stop(w.loop.now(), [] {});
  }
  w.socket.connect(*w.server);
  w.loop.advance(1s);
  CHECK(w.caller.heard == "closed:unavailable ");
}

TEST_CASE("a client that does not read: the queue fills up, and drains when it reads again") {
  World w({.send_bound = 10, .in_flight = 10});
  w.connect();
  w.socket.pause();
  CHECK(w.desk.send("12345") == SendStatus::accepted);
  CHECK(w.desk.send("67890") == SendStatus::accepted);
  CHECK(w.desk.last().buffered() == 0);  // on the way
  CHECK(w.desk.send("abcde") == SendStatus::accepted);
  CHECK(w.desk.send("fghij") == SendStatus::backpressure);
  CHECK(w.socket.buffered() == 10);
  CHECK(w.server->peak_buffered() == 10);
  w.loop.run_until_idle();
  CHECK(w.caller.heard.empty());
  w.socket.resume();
  w.loop.run_until_idle();
  CHECK(w.caller.heard == "12345 67890 abcde fghij ");
  CHECK(w.desk.heard == "writable ");
  CHECK(w.desk.last().buffered() == 0);
}

TEST_CASE("a server that does not read hears nothing, and everything afterwards") {
  World w;
  w.connect();
  w.desk.last().pause_reading();
  w.socket.send("a");
  w.socket.send("b");
  w.loop.run_until_idle();
  CHECK(w.desk.heard.empty());
  w.desk.last().resume_reading();
  CHECK(w.desk.heard.empty());
  w.loop.run_until_idle();
  CHECK(w.desk.heard == "a b ");
}

TEST_CASE("a cut loses the end of what was sent; each side learns it in its own time") {
  World w({.latency_min = 10ms, .latency_max = 10ms, .notice_max = 5s});
  w.connect();
  w.desk.send("arrives");
  w.loop.advance(10ms);
  w.desk.send("lost");
  w.socket.send("arrives");
  w.socket.cut(100ms);
  w.loop.advance(50ms);
  w.socket.send("late");
  w.loop.advance(90ms);
  w.socket.send("lost");
  w.loop.advance(10s);
  CHECK(w.caller.heard == "arrives closed:unavailable ");
  CHECK(w.desk.heard == "arrives late closed:unavailable ");
  CHECK(w.server->connections() == 0);
}

TEST_CASE("a client that vanishes is found out") {
  World w;
  w.connect();
  w.socket.vanish();
  w.loop.advance(10s);
  CHECK(w.desk.heard == "closed:unavailable ");
  CHECK(w.caller.heard.empty());
}

TEST_CASE("a server that dies says nothing to its acceptor; its clients find out") {
  World w;
  w.connect();
  w.socket.send("lost");
  w.server.reset();
  w.loop.advance(10s);
  CHECK(w.desk.heard.empty());
  CHECK(w.caller.heard == "closed:unavailable ");
}

TEST_CASE("stop closes everything, and completes when all is closed") {
  World w({.in_flight = 4});
  w.connect();
  bool stopped = false;
  SUBCASE("in good order") {
    w.desk.send("last");
    w.server->stop(w.loop.now() + 5s, [&] { stopped = true; });
    CHECK_FALSE(stopped);
    w.loop.run_until_idle();
    CHECK(w.caller.heard == "last closed:shutting_down ");
  }
  SUBCASE("at the deadline, for those that don't read") {
    w.network.options.linger = 60s;
    w.socket.pause();
    w.desk.send("1234");
    w.desk.send("5678");
    w.server->stop(w.loop.now() + 5s, [&] { stopped = true; });
    w.loop.advance(4s);
    CHECK_FALSE(stopped);
    w.loop.advance(1s);
  }
  CHECK(stopped);
  CHECK(w.desk.heard == "closed:shutting_down ");
}

TEST_CASE("a socket that connects again hears nothing of the link before") {
  World w({.latency_min = 10ms, .latency_max = 10ms});
  w.connect();
  w.desk.send("of the first");
  w.socket.connect(*w.server);
  w.loop.advance(1s);
  CHECK(w.caller.heard == "opened ");
  CHECK(w.desk.heard == "closed:ok ");
  w.desk.send("of the second");
  w.loop.advance(1s);
  CHECK(w.caller.heard == "opened of the second ");
}
