#include <kefu/client/client.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "integration/client/person.hpp"
#include "integration/client/process.hpp"
#include "integration/client/proxy.hpp"

namespace {

using namespace kefu;
using test::Helpdesk;
using test::Person;
using test::Process;
using test::Proxy;
using test::Stage;
using test::url_of;

#ifdef KEFU_SOAK
constexpr int kTimes = 50;
#else
constexpr int kTimes = 1;
#endif

struct Random {
  std::uint64_t seed = std::random_device{}();
  std::mt19937_64 engine{seed};

  int between(int low, int high) {
    return low + static_cast<int>(engine() % static_cast<std::uint64_t>(high - low + 1));
  }
};

ConversationId fresh_chat(Random& random) {
  return make_uuid_v7<ConversationId>(1'800'000'000'000, random.engine(), random.engine());
}

/// Two visitors with an agent each, who all talk while `disturb` happens again and again; and then
/// whether all of it is there.
struct Talk {
  static constexpr int kMessages = 1500 * kTimes;

  Talk(Helpdesk& with_desk, std::uint16_t port, Random& random) : desk(with_desk) {
    for (const char* who : {"1", "2"}) {
      const ConversationId chat = fresh_chat(random);
      chats.push_back(chat);
      const std::string url = url_of(port);
      const std::string visitor = std::string("v") + who, agent = std::string("a") + who;
      people.push_back(std::make_unique<Person>(stage, url, desk.token(visitor, "visitor"), chat,
                                                visitor, kMessages, true));
      people.push_back(std::make_unique<Person>(stage, url, desk.token(agent, "agent"), chat, agent,
                                                kMessages, false));
    }
    for (const auto& one : people) one->start();
  }
  ~Talk() {
    for (auto& one : people) Person::leave(stage, std::move(one));
  }

  [[nodiscard]] int settled() const {
    int sum = 0;
    for (const auto& one : people) sum += one->settled;
    return sum;
  }
  void await_settled(int count) {
    stage.await([&] { return settled() >= count; });
  }

  void check() {
    await_settled(kMessages * static_cast<int>(people.size()));
    for (std::size_t i = 0; i < chats.size(); ++i) {
      Person& visitor = *people[2 * i];
      Person& agent = *people[2 * i + 1];
      // Somebody who comes later, and reads it all from the store.
      auto reader = std::make_unique<Person>(stage, url_of(desk.port()),
                                             desk.token(i == 0 ? "v1" : "v2", "visitor"), chats[i],
                                             "", 0, false);
      reader->start();
      const std::size_t all = 2 + 2 * std::size_t{kMessages};  // kefu's own: opened, assigned
      stage.await([&] {
        return reader->log.size() >= all && visitor.log.size() >= all && agent.log.size() >= all;
      });
      stage.change([&] {
        const std::vector<Entry>& log = reader->log;
        CHECK(log.size() == all);
        for (const Person* one : {&visitor, &agent}) {
          CHECK(one->found_in(log) == one->said());
          CHECK(one->wrong == std::vector<std::string>{});
          CHECK(one->log == log_as_read_by(*one, log));
        }
      });
      Person::leave(stage, std::move(reader));
    }
  }

  /// What an ack tells of one's own entry, and what an entry tells of another's, is not the same.
  static std::vector<Entry> log_as_read_by(const Person& one, std::vector<Entry> log) {
    for (std::size_t at = 0; at < log.size() && at < one.log.size(); ++at) {
      log[at].from = one.log[at].from;
      log[at].role = one.log[at].role;
      log[at].origin = one.log[at].origin;
    }
    return log;
  }

  Helpdesk& desk;
  Stage stage;
  std::vector<ConversationId> chats;
  std::vector<std::unique_ptr<Person>> people;
};

}  // namespace

TEST_CASE("nothing is lost, doubled or out of order while the server is killed under load") {
  Random random;
  CAPTURE(random.seed);
  Helpdesk desk;
  desk.start();
  Talk talk(desk, desk.port(), random);
  constexpr int kKills = 12 * kTimes;
  for (int kill = 1; kill <= kKills; ++kill) {
    talk.await_settled(kill * 4 * Talk::kMessages / (kKills + 1) + random.between(0, 20));
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
  Talk talk(desk, proxy.port(), random);
  constexpr int kFaults = 24 * kTimes;
  for (int fault = 1; fault <= kFaults; ++fault) {
    talk.await_settled(fault * 4 * Talk::kMessages / (kFaults + 1) + random.between(0, 20));
    fault % 8 == 0 ? proxy.stall_all() : proxy.reset_all();
  }
  talk.check();
}

TEST_CASE("a client that is killed goes on with its file: nothing lost, doubled or out of order") {
  Random random;
  CAPTURE(random.seed);
  Helpdesk desk;
  desk.start();
  const ConversationId chat = fresh_chat(random);
  constexpr int kTotal = 1000 * kTimes;
  const std::vector<std::string> command{KEFU_COURIER,
                                         url_of(desk.port()),
                                         desk.token("courier", "visitor"),
                                         desk.file("pending").string(),
                                         chat.to_string(),
                                         std::to_string(kTotal)};
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

  Stage stage;
  auto reader = std::make_unique<Person>(stage, url_of(desk.port()),
                                         desk.token("courier", "visitor"), chat, "", 0, false);
  reader->start();
  stage.await([&] { return reader->log.size() >= 1 + std::size_t{kTotal}; });
  std::vector<std::string> bodies, expected;
  stage.on_loop([&] {
    for (const Entry& entry : reader->log) {
      if (entry.kind == kind::kText) bodies.push_back(entry.body);
    }
  });
  Person::leave(stage, std::move(reader));
  for (int i = 1; i <= kTotal; ++i) expected.push_back("m" + std::to_string(i));
  CHECK(bodies == expected);
  // An outcome may be told again after a crash, but never another one; some die with their process.
  CHECK(told.size() <= std::size_t{kTotal});
}
