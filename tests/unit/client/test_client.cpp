#include <kefu/client/client.hpp>

#include <doctest/doctest.h>

#include "world.hpp"

using namespace kefu;
using namespace kefu::client;

TEST_CASE("Client delivers what it was given, once and in order, across lost links") {
  World world;
  SimLink link(world.network, world.loop, *world.server);
  client::MemoryPendingStore store;
  Recorder seen;
  Client client(world.loop, link, store, seen, world.options());
  CHECK(client.send(kChat, "m1") == 1);  // before it is connected, even before it is started
  client.start();
  std::vector<std::string> expected{"m1"};
  for (int i = 2; i <= 60; ++i) {
    expected.push_back("m" + std::to_string(i));
    client.send(kChat, expected.back());
    world.loop.run_one();
    if (i % 7 == 0) link.cut();
    if (i % 5 == 0) world.pass(kSecond);
  }
  world.pass(60 * kSecond);
  CHECK(client.attached());
  CHECK(client.pending() == 0);
  CHECK(client.submitted() == 60);
  CHECK(world.stored() == expected);
  CHECK(seen.outcomes.size() == 60);
  CHECK(std::ranges::all_of(seen.outcomes, [](const auto& one) { return one.second == errc::ok; }));
  CHECK(seen.sessions == 1);
  CHECK(seen.resumptions == seen.detached);
  CHECK(seen.resumptions > 3);
  CHECK(seen.bodies.size() == 62);  // kefu's own two entries stand before
  client.stop();
  CHECK_FALSE(client.attached());
}

TEST_CASE("Client: a message may have a traceparent, which its retry on a new link has, too") {
  constexpr std::string_view kTrace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  World world;
  SimLink link(world.network, world.loop, *world.server);
  client::MemoryPendingStore store;
  Recorder seen;
  Client client(world.loop, link, store, seen, world.options());
  const auto send = [&](std::string body, std::string_view traceparent) {
    client.send(kChat, std::move(body), std::string(kind::kText), Log::public_log,
                std::string(traceparent));
  };
  const auto sent = [&](std::string_view text) {
    return std::ranges::count_if(
        link.sent, [&](const auto& frame) { return frame.find(text) != std::string::npos; });
  };
  client.start();
  world.pass(kSecond);
  send("traced", kTrace);
  while (sent("traced") == 0) world.loop.run_one();
  link.cut();
  send("wrongly traced", "00-nothing-of-that-kind-01");
  world.pass(10 * kSecond);
  CHECK(client.pending() == 0);
  CHECK(sent("\"traced\"") == 2);
  CHECK(sent("traceparent") == 2);
  std::vector<std::string> tags;
  world.disk.read({kChat, Log::public_log, 0, 1000, SIZE_MAX}, [&](result<Page> page) {
    for (const Entry& entry : page->entries) {
      if (entry.kind == kind::kText) tags.push_back(entry.tags);
    }
  });
  CHECK(tags == std::vector<std::string>{std::string(kTrace), ""});
}

TEST_CASE("Client: what is pending outlives it in its store") {
  World world;
  client::MemoryPendingStore store;
  Recorder seen;
  {
    SimLink link(world.network, world.loop, *world.server);
    Client client(world.loop, link, store, seen, world.options());
    client.start();
    world.pass(kSecond);
    client.send(kChat, "one");
    world.loop.run_one();
    client.send(kChat, "two");
  }
  world.pass(kSecond);
  SimLink link(world.network, world.loop, *world.server);
  Recorder again;
  again.bodies = seen.bodies;
  Client client(world.loop, link, store, again, world.options());
  CHECK(client.submitted() == 2);
  client.start();
  world.pass(30 * kSecond);
  CHECK(client.pending() == 0);
  CHECK(again.resumptions == 1);
  CHECK(world.stored() == std::vector<std::string>{"one", "two"});
}

TEST_CASE("Client saves a whole turn at once, and before it sends") {
  World world;
  SimLink link(world.network, world.loop, *world.server);
  FailingStore store;
  Recorder seen;
  Client client(world.loop, link, store, seen, world.options());
  client.start();
  world.pass(2 * kSecond);
  const int before = store.saves;
  for (int i = 0; i < 20; ++i) client.send(kChat, "m");
  world.loop.run_until_idle();
  CHECK(store.saves == before + 1);
  CHECK(world.stored().size() == 20);

  store.fail = errc::store_full;
  const std::size_t sent = link.sent.size();
  client.send(kChat, "late");
  world.loop.run_until_idle();
  CHECK(link.sent.size() == sent);
  CHECK(seen.store_failures == std::vector{errc::store_full});
  world.pass(20 * kSecond);
  CHECK(world.stored().size() == 20);
  CHECK(seen.store_failures.size() == 1);

  store.fail = errc::ok;
  world.pass(60 * kSecond);
  CHECK(world.stored().size() == 21);
  CHECK(client.pending() == 0);
}

TEST_CASE("Client renews its token before it ends") {
  World world;
  world.tokens = {{"v visitor 60", 60 * kSecond}};
  SimLink link(world.network, world.loop, *world.server);
  client::MemoryPendingStore store;
  Recorder seen;
  Client client(world.loop, link, store, seen, world.options());
  client.start();
  world.pass(400 * kSecond);
  CHECK(client.attached());
  CHECK(link.opened == 1);
  CHECK(world.asked >= 8);
  CHECK(world.asked < 12);
}

TEST_CASE("Client asks for another token when one is refused") {
  World world;
  world.tokens = {{"nonsense"}, {"expired"}, {"v visitor 5"}, {"v visitor 3600"}};
  SimLink link(world.network, world.loop, *world.server);
  client::MemoryPendingStore store;
  Recorder seen;
  Client client(world.loop, link, store, seen, world.options());
  client.send(kChat, "m1");
  client.start();
  world.pass(60 * kSecond);
  CHECK(world.asked == 4);
  CHECK_FALSE(seen.refused);
  CHECK(client.attached());
  CHECK(seen.sessions == 1);
  CHECK(seen.resumptions == 1);
  CHECK(world.stored() == std::vector<std::string>{"m1"});
}

TEST_CASE("Client stops where trying again is no use") {
  World world;
  client::MemoryPendingStore store;
  {
    SimLink link(world.network, world.loop, *world.server);
    Recorder seen;
    Client client(world.loop, link, store, seen, world.options());
    client.start();
    world.pass(kSecond);
    REQUIRE(client.attached());
    client.stop();
  }
  world.tokens = {{"somebody-else visitor 3600"}};
  SimLink link(world.network, world.loop, *world.server);
  Recorder seen;
  Client client(world.loop, link, store, seen, world.options());
  client.start();
  world.pass(10 * kSecond);
  CHECK(seen.refused == errc::denied);
  CHECK(link.opened == 1);
  world.tokens = {{"v visitor 3600"}};
  client.start();
  world.pass(10 * kSecond);
  CHECK(client.attached());
}

TEST_CASE("Client: other frames are said while it is attached, and their answers told") {
  World world;
  SimLink link(world.network, world.loop, *world.server);
  client::MemoryPendingStore store;
  Recorder seen;
  Client client(world.loop, link, store, seen, world.options());
  const ClientFrame open{"mine", frame::Open{{0xc0, 2}, "sales", "hello"}};
  CHECK_FALSE(client.transmit(open));
  client.start();
  world.pass(kSecond);
  CHECK(client.transmit(open));
  world.pass(kSecond);
  CHECK(seen.joined == 1);
}

TEST_CASE("Client: a token that comes after the end is nobody's") {
  World world;
  SimLink link(world.network, world.loop, *world.server);
  client::MemoryPendingStore store;
  Recorder seen;
  Completion<result<client::Token>> late;
  client::Options options = world.options();
  options.token = [&](Completion<result<client::Token>> done) { late = std::move(done); };
  {
    Client client(world.loop, link, store, seen, options);
    client.start();
    world.pass(kSecond);
  }
  late(client::Token{"v visitor 3600"});
  world.pass(kSecond);
  CHECK(link.opened == 0);
}

TEST_CASE("Client: what is asked is answered, over as many connections as that takes") {
  World world;
  SimLink link(world.network, world.loop, *world.server);
  client::MemoryPendingStore store;
  Recorder seen;
  Client client(world.loop, link, store, seen, world.options());
  std::vector<std::string> answers;
  const auto ask = [&](ClientFrame frame) {
    client.ask(frame, [&](const ServerFrame& answer) {
      const auto* const error = std::get_if<frame::Error>(&answer.body);
      answers.emplace_back(error ? name(error->code) : "ok");
    });
  };
  ask({"", frame::Open{{0xc0, 2}, "sales", "hello"}});  // before it is started
  client.start();
  link.cut();
  world.pass(20 * kSecond);
  CHECK(answers == std::vector<std::string>{"ok"});
  ask({"mine", frame::Watch{{0xc0, 9}}});
  link.cut();  // before anything can come back
  world.pass(20 * kSecond);
  CHECK(answers == std::vector<std::string>{"ok", "denied"});
  link.cut();
  ask({"", frame::List{}});
  client.stop();
  CHECK(answers.back() == "shutting_down");
  world.pass(20 * kSecond);
  CHECK(answers.size() == 3);
}

TEST_CASE("Client: only so much waits to be answered") {
  World world;
  SimLink link(world.network, world.loop, *world.server);
  client::MemoryPendingStore store;
  Recorder seen;
  client::Options options = world.options();
  options.requests.most = 2;
  Client client(world.loop, link, store, seen, options);
  client.start();
  world.pass(kSecond);
  std::vector<errc> codes;
  for (int i = 0; i < 3; ++i) {
    client.ask({"", frame::List{}}, [&](const ServerFrame& answer) {
      const auto* const error = std::get_if<frame::Error>(&answer.body);
      codes.push_back(error ? error->code : errc::ok);
    });
  }
  world.loop.run_until_idle();
  CHECK(std::ranges::count(codes, errc::overloaded) == 1);
  world.pass(kSecond);
  CHECK(std::ranges::count(codes, errc::ok) == 2);
}
