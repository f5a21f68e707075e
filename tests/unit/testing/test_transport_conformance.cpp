#include <kefu/testing/transport_conformance.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <kefu/testing/manual_executor.hpp>
#include <kefu/testing/sim_network.hpp>
#include <string>
#include <vector>

#include "unit/testing/tampered_transport.hpp"

namespace {

using namespace kefu;
using test::TamperedTransport;
using test::Tampering;

class SimClient final : public testing::TransportClient, testing::SimSocket::Events {
 public:
  SimClient(testing::SimNetwork& network, Executor& loop, testing::SimServer& server)
      : socket_(network, loop, *this) {
    socket_.connect(server);
  }
  ~SimClient() override { socket_.vanish(); }

  void send(std::string message) override {
    opened_ ? socket_.send(std::move(message)) : early_.push_back(std::move(message));
  }
  std::optional<std::string> receive() override {
    if (inbox_.empty()) return std::nullopt;
    std::string out = std::move(inbox_.front());
    inbox_.pop_front();
    return out;
  }
  std::optional<errc> ended() override { return inbox_.empty() ? ended_ : std::nullopt; }
  void pause_reading() override { socket_.pause(); }
  void resume_reading() override { socket_.resume(); }
  void close() override {
    socket_.close();
    ended_ = errc::ok;
  }

 private:
  void on_opened() override {
    opened_ = true;
    for (std::string& one : early_) socket_.send(std::move(one));
    early_.clear();
  }
  void on_message(std::string_view message) override { inbox_.emplace_back(message); }
  void on_closed(errc reason) override { ended_ = reason; }

  testing::SimSocket socket_;
  bool opened_ = false;
  std::vector<std::string> early_;
  std::deque<std::string> inbox_;
  std::optional<errc> ended_;
};

class SimHost final : public testing::TransportHost {
 public:
  explicit SimHost(Tampering how) : how_(how) {}

  std::unique_ptr<Transport> open() override {
    auto server = std::make_unique<testing::SimServer>(
        network_, std::vector<Executor*>{&loops_[0], &loops_[1]});
    server_ = server.get();
    return std::make_unique<TamperedTransport>(std::move(server), how_);
  }
  std::vector<Executor*> executors() override { return {&loops_[0], &loops_[1]}; }
  std::unique_ptr<testing::TransportClient> dial() override {
    return std::make_unique<SimClient>(network_, clients_, *server_);
  }
  void let(Nanoseconds pass) override {
    for (testing::ManualExecutor* loop : {&loops_[0], &loops_[1], &clients_}) loop->advance(pass);
  }

 private:
  const Tampering how_;
  testing::SimNetwork network_{1, {.linger = Nanoseconds(10'000'000'000)}};
  testing::ManualExecutor loops_[2];
  testing::ManualExecutor clients_;
  testing::SimServer* server_ = nullptr;
};

/// That the suite finds the fault, and by the check that is made for it.
void expect_caught(Tampering how, std::string_view by) {
  std::string all;
  bool caught = false;
  for (const testing::TransportCheck& check : testing::transport_checks()) {
    SimHost host(how);
    const std::string failure = check.run(host);
    if (failure.empty()) continue;
    all += std::string(check.name) + ": " + failure + "\n";
    caught = caught || check.name == by;
  }
  CAPTURE(by);
  CAPTURE(all);
  CHECK(caught);
}

TEST_CASE("transport conformance: the simulated network passes") {
  for (const testing::TransportCheck& check : testing::transport_checks()) {
    SimHost host(Tampering::none);
    CAPTURE(check.name);
    CHECK_EQ(check.run(host), "");
  }
}

TEST_CASE("transport conformance: each broken promise is found") {
  using enum Tampering;
  expect_caught(repeats_a_client, "accept: each client once");
  expect_caught(cuts_messages, "messages: whole, whatever their size");
  expect_caught(swaps_messages, "messages: in order");
  expect_caught(cuts_frames, "send: whole, whatever the size");
  expect_caught(drops_every_tenth, "send: in order");
  expect_caught(keeps_quiet, "send: tells of backpressure");
  expect_caught(never_writable, "send: tells of backpressure");
  expect_caught(always_writable, "messages: in order");
  expect_caught(calls_back, "send: in order");
  expect_caught(ignores_pauses, "pause: holds messages back");
  expect_caught(forgets_resuming, "pause: holds messages back");
  expect_caught(forgets_resuming, "pause: does not add up");
  expect_caught(takes_after_close, "close: takes nothing afterwards");
  expect_caught(closes_again, "close: once");
  expect_caught(closes_inside, "close: once");
  expect_caught(speaks_after_the_end, "close: by the peer");
  expect_caught(forgets_the_reason, "close: writes what is queued, then tells why");
  expect_caught(calls_it_orderly, "close: by a peer that vanishes");
  expect_caught(hides_the_peer, "peer: is told");
  expect_caught(forgets_to_ask, "stop: lets a hub finish");
  expect_caught(stops_early, "stop: closes everybody, lets nobody in");
  expect_caught(never_stopped, "stop: with nobody there");
  expect_caught(waits_for_everybody, "stop: cuts at its deadline");
}

TEST_CASE("transport conformance: check names are unique") {
  std::vector<std::string_view> names;
  for (const auto& check : testing::transport_checks()) names.push_back(check.name);
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

}  // namespace
