#include <kefu/client/client.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <kefu/hub.hpp>
#include <kefu/memory/store.hpp>
#include <kefu/testing/manual_clock.hpp>
#include <kefu/testing/manual_executor.hpp>
#include <kefu/testing/sim_network.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace kefu;
using client::Client;

constexpr Nanoseconds kSecond{1'000'000'000};
constexpr ConversationId kChat{0xc0, 1};

/// Tokens are "<who> <role> <seconds left>"; "expired" is what it says.
class Doorkeeper final : public Authenticator {
 public:
  explicit Doorkeeper(const Clock& clock) : clock_(clock) {}
  void authenticate(std::string_view token, const Caller&,
                    Completion<result<Identity>> done) override {
    if (token == "expired") return done(errc::token_expired);
    const std::size_t first = token.find(' ');
    const std::size_t second = token.find(' ', first + 1);
    if (second == std::string_view::npos) return done(errc::unauthenticated);
    const auto role = role_from_name(token.substr(first + 1, second - first - 1));
    const std::int64_t left = std::stoll(std::string(token.substr(second + 1)));
    done(Identity{{std::string(token.substr(0, first)), *role}, clock_.now() + left * kSecond});
  }

 private:
  const Clock& clock_;
};

/// A link through the simulated network.
class SimLink final : public client::Link, testing::SimSocket::Events {
 public:
  SimLink(testing::SimNetwork& network, Executor& loop, testing::SimServer& server)
      : server_(server), socket_(network, loop, *this) {}
  ~SimLink() override { socket_.vanish(); }

  void open(client::LinkEvents& events) override {
    ++opened;
    events_ = &events;
    socket_.connect(server_);
  }
  void send(std::string message) override {
    sent.push_back(message);
    socket_.send(std::move(message));
  }
  void close() override {
    events_ = nullptr;
    socket_.close();
  }
  void cut() { socket_.cut(); }

  int opened = 0;
  std::vector<std::string> sent;

 private:
  void on_opened() override {
    if (events_) events_->on_opened();
  }
  void on_message(std::string_view message) override {
    if (events_) events_->on_message(message, 0);
  }
  void on_closed(errc reason) override {
    if (client::LinkEvents* const events = std::exchange(events_, nullptr))
      events->on_closed(reason);
  }

  testing::SimServer& server_;
  testing::SimSocket socket_;
  client::LinkEvents* events_ = nullptr;
};

struct Recorder final : client::Events {
  void on_entry(const Entry& entry, bool own) override {
    if (entry.conversation != kChat) return;
    CHECK(entry.seq == bodies.size() + 1);
    bodies.push_back((own ? "own " : "") + entry.body);
  }
  void on_settled(const core::client_effect::Settled& settled) override {
    CHECK(outcomes.emplace(settled.id, settled.code).second);
  }
  void on_attached(SessionId, bool resumed) override { resumed ? ++resumptions : ++sessions; }
  void on_detached(errc) override { ++detached; }
  void on_refused(errc code) override { refused = code; }
  void on_store_failed(errc code) override { store_failures.push_back(code); }
  void on_frame(const ServerFrame& frame) override {
    if (std::holds_alternative<frame::Joined>(frame.body)) ++joined;
  }

  std::vector<std::string> bodies;
  std::map<std::uint64_t, errc> outcomes;
  std::vector<errc> store_failures;
  std::optional<errc> refused;
  int sessions = 0, resumptions = 0, detached = 0, joined = 0;
};

/// Fails when it is told to.
class FailingStore final : public client::PendingStore {
 public:
  core::ClientState load() override { return inner.load(); }
  errc save(const core::ClientState& state) override {
    if (fail != errc::ok) return fail;
    ++saves;
    return inner.save(state);
  }
  client::MemoryPendingStore inner;
  errc fail = errc::ok;
  int saves = 0;
};

/// A hub in this process, and a conversation of the visitor "v" in it.
struct World {
  World() {
    HubOptions options;
    options.clock = &wall;
    options.random = [this] { return ++minted; };
    options.limits.presence_grace = 24 * 3600 * kSecond;  // nobody comes as the agent "a"
    hub.emplace(std::vector<Executor*>{&loop}, disk, std::move(options));
    hub->authenticate(std::make_unique<Doorkeeper>(wall));
    server.emplace(network, std::vector<Executor*>{&loop});
    server->start(*hub);
    hub->open({kChat, "v", "", "", {"a"}}, [](const result<Conversation>& made) { CHECK(made); });
    loop.run_until_idle();
  }
  ~World() { loop.drop_all(); }

  void pass(Nanoseconds time) {
    for (; time.count() > 0; time -= kSecond / 10) {
      wall.advance(kSecond / 10);
      loop.advance(kSecond / 10);
    }
  }
  client::Options options() {
    client::Options out;
    out.seed = 1;
    out.token = [this](Completion<result<client::Token>> done) {
      ++asked;
      if (tokens.size() > 1) {
        client::Token next = tokens.front();
        tokens.erase(tokens.begin());
        return done(std::move(next));
      }
      done(tokens.front());
    };
    return out;
  }
  std::vector<std::string> stored() {
    std::vector<std::string> out;
    disk.read({kChat, Log::public_log, 0, 1000, SIZE_MAX}, [&](result<Page> page) {
      for (const Entry& entry : page->entries) {
        if (entry.kind == kind::kText) out.push_back(entry.body);
      }
    });
    return out;
  }

  testing::ManualClock wall;
  testing::ManualExecutor loop;
  memory::Store disk{wall};
  testing::SimNetwork network;
  std::uint64_t minted = 0;
  std::optional<Hub> hub;
  std::optional<testing::SimServer> server;
  int asked = 0;
  std::vector<client::Token> tokens{{"v visitor 3600"}};
};

}  // namespace

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
