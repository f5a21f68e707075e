// Talk: what the tests of faults disturb.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "integration/client/person.hpp"
#include "integration/client/process.hpp"

namespace kefu::test {

#ifdef KEFU_SOAK
inline constexpr int kTimes = 50;
#else
inline constexpr int kTimes = 1;
#endif

/// KEFU_SEED gives the seed of a run again.
struct Random {
  std::uint64_t seed = seed_of_run();
  std::mt19937_64 engine{seed};

  int between(int low, int high) {
    return low + static_cast<int>(engine() % static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  static std::uint64_t seed_of_run() {
    const char* const given = std::getenv("KEFU_SEED");
    return given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  }
};

/// How the courier is started: a client that says `total` messages, with its pending ones in a
/// file.
inline std::vector<std::string> courier_command(const Helpdesk& desk, ConversationId chat,
                                                int total, const std::filesystem::path& pending) {
  return {KEFU_COURIER,     url_of(desk.port()), desk.token("courier", "visitor"),
          pending.string(), chat.to_string(),    std::to_string(total)};
}

inline ConversationId fresh_chat(Random& random) {
  return make_uuid_v7<ConversationId>(1'800'000'000'000, random.engine(), random.engine());
}

/// Two visitors with an agent each, who all talk while `disturb` happens again and again; and then
/// whether all of it is there.
struct Talk {
  Talk(Helpdesk& with_desk, std::string with_url, Random& random, int messages_each,
       int in_flight = 40, std::size_t padding = 0)
      : desk(with_desk), url(std::move(with_url)), messages(messages_each) {
    for (const char* who : {"1", "2"}) {
      const ConversationId chat = fresh_chat(random);
      chats.push_back(chat);
      const std::string visitor = std::string("v") + who, agent = std::string("a") + who;
      people.push_back(std::make_unique<Person>(stage, url, desk.token(visitor, "visitor"), chat,
                                                visitor, messages, true, in_flight, padding));
      people.push_back(std::make_unique<Person>(stage, url, desk.token(agent, "agent"), chat, agent,
                                                messages, false, in_flight, padding));
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
  [[nodiscard]] int all() const { return messages * static_cast<int>(people.size()); }
  void await_settled(int count) {
    stage.await([&] { return settled() >= count; });
  }

  /// Whether everything that was said is there, once and in order, for everybody.
  bool check() {
    try {
      return check_all();
    } catch (const std::exception& error) {
      stage.change([&] {
        for (const auto& one : people) MESSAGE(one->state());
      });
      FAIL_CHECK(std::string(error.what()));
      return false;
    }
  }
  bool check_all() {
    bool good = true;
    await_settled(all());
    for (std::size_t i = 0; i < chats.size(); ++i) {
      Person& visitor = *people[2 * i];
      Person& agent = *people[2 * i + 1];
      // Somebody who comes later, and reads it all from the store.
      auto reader = std::make_unique<Person>(
          stage, url, desk.token(i == 0 ? "v1" : "v2", "visitor"), chats[i], "", 0, false);
      reader->start();
      const std::size_t whole =
          2 + 2 * static_cast<std::size_t>(messages);  // kefu's own: opened, assigned
      stage.await([&] {
        return reader->log.size() >= whole && visitor.log.size() >= whole &&
               agent.log.size() >= whole;
      });
      stage.change([&] {
        const std::vector<Entry>& log = reader->log;
        CHECK(log.size() == whole);
        good = good && log.size() == whole;
        for (const Person* one : {&visitor, &agent}) {
          CHECK(one->found_in(log) == one->said());
          CHECK(one->wrong == std::vector<std::string>{});
          CHECK(one->log == log_as_read_by(*one, log));
          good = good && one->found_in(log) == one->said() && one->wrong.empty();
        }
      });
      Person::leave(stage, std::move(reader));
    }
    return good;
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

  /// A sum over all people, read under the stage's lock.
  template <class Count>
  [[nodiscard]] int sum(Count count) {
    int out = 0;
    stage.change([&] {
      for (const auto& one : people) out += count(*one);
    });
    return out;
  }
  /// Waits until everybody is there, runs `fault`, and waits until each of them has noticed that
  /// its connection is gone.
  template <class Fault>
  void await_detached(Fault fault) {
    std::vector<int> before;
    stage.await([&] {
      before.clear();
      for (const auto& one : people) {
        if (one->attached == one->detached) return false;
        before.push_back(one->detached);
      }
      return true;
    });
    fault();
    stage.await([&] {
      for (std::size_t i = 0; i < people.size(); ++i) {
        if (people[i]->detached == before[i]) return false;
      }
      return true;
    });
  }

  Helpdesk& desk;
  const std::string url;
  const int messages;
  Stage stage;
  std::vector<ConversationId> chats;
  std::vector<std::unique_ptr<Person>> people;
};

/// The texts of a conversation, as its visitor reads them when it comes anew.
inline std::vector<std::string> said_in(Helpdesk& desk, ConversationId chat,
                                        const std::string& visitor) {
  Stage stage;
  auto reader = std::make_unique<Person>(stage, url_of(desk.port()), desk.token(visitor, "visitor"),
                                         chat, "", 0, false);
  reader->start();
  std::uint64_t tail = 0;
  stage.await([&] { return (tail = reader->tail) > 0 && reader->log.size() >= tail; });
  std::vector<std::string> out;
  stage.on_loop([&] {
    for (const Entry& entry : reader->log) {
      if (entry.kind == kind::kText) out.push_back(entry.body);
    }
  });
  Person::leave(stage, std::move(reader));
  return out;
}

/// What kefu-courier says.
inline std::vector<std::string> said_by_courier(int total) {
  std::vector<std::string> out;
  for (int i = 1; i <= total; ++i) out.push_back("m" + std::to_string(i));
  return out;
}

/// A line of figures, for whoever reads the log.
template <class... Values>
void report(const char* format, Values... values) {
  std::printf(format, values...);
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace kefu::test
