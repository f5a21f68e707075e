// Visitors who leave while they wait.
#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <kefu/testing/sim_bus.hpp>
#include <kefu/wire/records.hpp>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

DeskOptions patient_for(Nanoseconds time) {
  Department department;
  department.abandon_gone_after = time;
  DeskOptions desk;
  desk.departments = {department};
  return desk;
}

using Found = std::pair<Conversation, std::uint64_t>;

/// The record and its version, as they are now.
Found found(Store& store) {
  std::optional<Found> out;
  store.get(conversation_key(*ConversationId::parse(kConversation)), [&](auto record) {
    out.emplace(*wire::decode_conversation((*record)->value), (*record)->version);
  });
  return *out;
}

ConversationState state(Store& store) { return found(store).first.state; }

TEST_CASE("whoever leaves while they wait is given up in time, with their offer") {
  Host host({}, patient_for(10s));
  Peer visitor(host), ann(host);
  ann.asks(hello("agent ann"));
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  host.pass(1s);
  CHECK(ann.got("\"offer\"") == 1);
  visitor.leaves();
  host.pass(10s);
  CHECK(is_open(state(host.store)));
  host.pass(3s);
  CHECK(state(host.store) == ConversationState::abandoned);
  CHECK(ann.got("\"offer_gone\"") == 1);
}

TEST_CASE("whoever is back in time keeps their place, and who is back at once costs nothing") {
  Host host({}, patient_for(10s));
  Peer visitor(host);
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  const std::uint64_t version = found(host.store).second;
  visitor.leaves();
  {
    Peer again(host);
    again.asks(hello("visitor v"));
    host.pass(2s);
    CHECK(found(host.store).second == version);
  }
  host.pass(5s);
  CHECK(found(host.store).first.gone_until);
  Peer late(host);
  late.asks(hello("visitor v"));
  CHECK_FALSE(found(host.store).first.gone_until);
  host.pass(30s);
  CHECK(state(host.store) == ConversationState::queued);
}

TEST_CASE("a visitor with two devices is there while one is") {
  Host host({}, patient_for(5s));
  Peer first(host), second(host);
  first.asks(hello("visitor v"));
  first.asks(open());
  second.asks(hello("visitor v"));
  first.leaves();
  host.pass(20s);
  CHECK(state(host.store) == ConversationState::queued);
  second.leaves();
  host.pass(20s);
  CHECK(state(host.store) == ConversationState::abandoned);
}

TEST_CASE("nothing is stored where nobody is given up, or nobody waits") {
  Host host;
  Peer visitor(host);
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  const std::uint64_t version = found(host.store).second;
  visitor.leaves();
  host.pass(5s);
  CHECK(found(host.store).second == version);

  Host other({}, patient_for(5s));
  {
    Pair pair(other);
    other.pass(1s);
  }
  const std::uint64_t active = found(other.store).second;
  other.pass(20s);
  CHECK(found(other.store).second == active);
  CHECK(state(other.store) == ConversationState::active);
}

TEST_CASE("a visitor who is on another node too is taken back by it") {
  ManualClock clock;
  memory::Store store(clock);
  ManualExecutor loop;
  SimBus bus(loop, 1);
  const auto first_end = bus.connect();
  const auto second_end = bus.connect();
  const auto node = [&](Bus& end) {
    HubOptions options;
    options.clock = &clock;
    options.bus = &end;
    options.desk = patient_for(3s);
    auto made = std::make_unique<Hub>(std::vector<Executor*>{&loop}, store, std::move(options));
    made->authenticate(std::make_unique<PlainTokens>());
    return made;
  };
  const auto first = node(*first_end);
  const auto second = node(*second_end);
  const auto pass = [&](Nanoseconds time) {
    for (; time.count() > 0; time -= 250ms) {
      clock.advance(250ms);
      loop.advance(250ms);
    }
  };
  Peer here(*first, loop), there(*second, loop);
  here.asks(hello("visitor v"));
  here.asks(open());
  there.asks(hello("visitor v"));
  here.leaves();
  pass(10s);
  CHECK(state(store) == ConversationState::queued);
  CHECK_FALSE(found(store).first.gone_until);
  there.leaves();
  pass(10s);
  CHECK(state(store) == ConversationState::abandoned);
}

TEST_CASE("that somebody has left is known after a restart") {
  ManualClock clock;
  memory::Store store(clock);
  ManualExecutor loop;
  const auto node = [&] {
    HubOptions options;
    options.clock = &clock;
    options.desk = patient_for(10s);
    auto made = std::make_unique<Hub>(std::vector<Executor*>{&loop}, store, std::move(options));
    made->authenticate(std::make_unique<PlainTokens>());
    return made;
  };
  const auto pass = [&](Nanoseconds time) {
    for (; time.count() > 0; time -= 250ms) {
      clock.advance(250ms);
      loop.advance(250ms);
    }
  };
  auto first = node();
  {
    Peer visitor(*first, loop);
    visitor.asks(hello("visitor v"));
    visitor.asks(open());
  }
  pass(2s);
  first.reset();
  loop.drop_all();
  const auto second = node();
  pass(5s);
  CHECK(state(store) == ConversationState::queued);
  pass(5s);
  CHECK(state(store) == ConversationState::abandoned);
}

}  // namespace
