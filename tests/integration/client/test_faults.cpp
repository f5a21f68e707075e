#include <kefu/client/client.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "integration/client/proxy.hpp"
#include "integration/client/talk.hpp"

namespace {

using namespace kefu;
using test::fresh_chat;
using test::Helpdesk;
using test::kTimes;
using test::Person;
using test::Process;
using test::Proxy;
using test::Random;
using test::said_by_courier;
using test::said_in;
using test::Stage;
using test::Talk;
using test::url_of;

constexpr int kMessages = 1500 * kTimes;

}  // namespace

TEST_CASE("nothing is lost, doubled or out of order while the server is killed under load") {
  Random random;
  CAPTURE(random.seed);
  Helpdesk desk;
  desk.start();
  Talk talk(desk, url_of(desk.port()), random, kMessages);
  constexpr int kKills = 12 * kTimes;
  for (int kill = 1; kill <= kKills; ++kill) {
    talk.await_settled(kill * 4 * kMessages / (kKills + 1) + random.between(0, 20));
    desk.restart();
  }
  talk.check();
  talk.stage.change([&] {
    for (const auto& one : talk.people) CHECK(one->attached > kKills / 4);
  });
}

TEST_CASE("nothing is lost, doubled or out of order while links are reset, and stall") {
  Random random;
  CAPTURE(random.seed);
  Helpdesk desk;
  desk.start();
  Proxy proxy(desk.port());
  Talk talk(desk, url_of(proxy.port()), random, kMessages);
  constexpr int kFaults = 24 * kTimes;
  for (int fault = 1; fault <= kFaults; ++fault) {
    talk.await_settled(fault * 4 * kMessages / (kFaults + 1) + random.between(0, 20));
    fault % 8 == 0 ? proxy.stall_all() : proxy.reset_all();
  }
  talk.check();
}

TEST_CASE("a slow link: whoever is behind it reads everything, and nobody waits for them") {
  Random random;
  CAPTURE(random.seed);
  Helpdesk desk;
  desk.start();
  Proxy proxy(desk.port(), true);
  Stage stage;
  const ConversationId chat = fresh_chat(random);
  constexpr int kFast = 3000, kSlow = 300;
  auto visitor = std::make_unique<Person>(stage, url_of(desk.port()), desk.token("v", "visitor"),
                                          chat, "v", kFast, true, 40, 4000);
  auto agent = std::make_unique<Person>(stage, url_of(proxy.port()), desk.token("a", "agent"), chat,
                                        "a", kSlow, false);
  agent->start();
  visitor->start();
  constexpr std::size_t kWhole = 2 + kFast + kSlow;
  std::size_t behind = 0;
  stage.await([&] {
    behind = kWhole - agent->log.size();
    return visitor->settled == kFast;
  });
  stage.await([&] { return agent->log.size() >= kWhole && visitor->log.size() >= kWhole; });
  bool good = false;
  stage.change([&] {
    good = agent->log == Talk::log_as_read_by(*agent, visitor->log);
    for (const Person* one : {visitor.get(), agent.get()})
      good = good && one->wrong.empty() && one->found_in(visitor->log) == one->said();
  });
  CHECK(good);
  Person::leave(stage, std::move(visitor));
  Person::leave(stage, std::move(agent));
  if (!good) return;
  test::report(
      "slow link: %d entries behind when the other was through, all of %d read in the end, 0 "
      "lost, doubled or out of order",
      static_cast<int>(behind), static_cast<int>(kWhole));
}

TEST_CASE("a client that is killed goes on with its file: nothing lost, doubled or out of order") {
  Random random;
  CAPTURE(random.seed);
  Helpdesk desk;
  desk.start();
  const ConversationId chat = fresh_chat(random);
  constexpr int kTotal = 1000 * kTimes;
  const auto command = courier_command(desk, chat, kTotal, desk.file("pending"));
  std::set<std::string> told;
  int lives = 0;
  for (bool ended = false; !ended; ++lives) {
    Process courier(command);
    int left = random.between(0, 120);
    while (const auto line = courier.line()) {
      INFO(*line);
      CHECK(line->ends_with(" ok"));
      told.insert(*line);
      if (left-- == 0) courier.kill();
    }
    const int code = courier.wait();
    CHECK((code == -1 || code == 0));
    ended = code == 0;
    // Sometimes both go at once.
    if (lives % 4 == 3) desk.restart();
  }
  CHECK(lives > 5);

  CHECK(said_in(desk, chat, "courier") == said_by_courier(kTotal));
  // An outcome may be told again after a crash, but never another one; some die with their process.
  CHECK(told.size() <= std::size_t{kTotal});
}
