// World: a hub in this process, and what a client needs to speak to it through a simulated network.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <kefu/client/client.hpp>
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

namespace kefu::inline v0::client {

inline constexpr Nanoseconds kSecond{1'000'000'000};
inline constexpr ConversationId kChat{0xc0, 1};

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

}  // namespace kefu::inline v0::client
