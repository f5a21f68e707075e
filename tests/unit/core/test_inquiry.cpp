#include <kefu/core/inquiry.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <random>
#include <string>

namespace {

using namespace kefu;
using namespace kefu::core;
using namespace std::chrono_literals;
using Why = Inquiry::Why;

constexpr Instant kStart{1'000'000'000};

struct Desk {
  explicit Desk(Inquiry::Terms with = {.batch = 3, .requests = 2, .waiting = 5})
      : inquiry(with, 1) {}

  void add(std::uint64_t from, std::uint64_t to) {
    for (std::uint64_t number = from; number <= to; ++number)
      inquiry.add(number, now + 40ms, effects);
    inquiry.ask(now, effects);
  }
  void answer(std::uint64_t request, bool good = true) {
    inquiry.on_answer(request, good, now, effects);
  }
  void pass(Nanoseconds time) {
    now = now + time;
    inquiry.on_tick(now, effects);
  }
  /// What has been done since the last call, in a line.
  std::string done() {
    std::string out;
    for (const auto& effect : effects) {
      if (!out.empty()) out += ' ';
      if (const auto* request = std::get_if<inquiry_effect::Request>(&effect)) {
        out += "#" + std::to_string(request->number) + ":";
        for (const std::uint64_t draft : request->drafts) out += std::to_string(draft) + ",";
      } else if (const auto* judged = std::get_if<inquiry_effect::Judged>(&effect)) {
        out += std::to_string(judged->draft) + "=" + std::to_string(judged->index);
      } else if (const auto* unjudged = std::get_if<inquiry_effect::Unjudged>(&effect)) {
        constexpr const char* kWhy[] = {"late", "failed", "overloaded", "skipped"};
        out += std::to_string(unjudged->draft) + " " + kWhy[static_cast<int>(unjudged->why)];
      }
    }
    effects.clear();
    return out;
  }

  Instant now = kStart;
  Inquiry inquiry;
  InquiryEffects effects;
};

TEST_CASE(
    "inquiry: what comes together goes in one request, and what comes meanwhile in the next") {
  Desk desk;
  desk.add(1, 2);
  CHECK(desk.done() == "#1:1,2,");
  desk.add(3, 7);
  CHECK(desk.done() == "#2:3,4,5,");
  desk.answer(1);
  CHECK(desk.done() == "1=0 2=1 #3:6,7,");
  desk.answer(3);
  desk.answer(2);
  CHECK(desk.done() == "6=0 7=1 3=0 4=1 5=2");
  CHECK(desk.inquiry.size() == 0);
  CHECK_FALSE(desk.inquiry.deadline());
}

TEST_CASE("inquiry: what is too much is settled at once, and what takes too long at its deadline") {
  Desk desk({.batch = 1, .requests = 1, .waiting = 2});
  desk.add(1, 1);
  desk.add(2, 4);
  CHECK(desk.done() == "#1:1, 4 overloaded");
  CHECK(desk.inquiry.deadline() == desk.now + 40ms);
  desk.pass(39ms);
  CHECK(desk.done().empty());
  desk.pass(1ms);
  CHECK(desk.done() == "1 late 2 late 3 late");
  desk.answer(1);
  desk.answer(1);
  CHECK(desk.done().empty());
  desk.add(5, 5);
  CHECK(desk.done() == "#2:5,");
}

TEST_CASE("inquiry: a request that fails settles what it carries; after some nobody is asked") {
  Desk desk({.batch = 2, .requests = 1, .waiting = 9, .breaker = {2, 1s, 1s, 1s}});
  desk.add(1, 2);
  desk.answer(1, false);
  CHECK(desk.done() == "#1:1,2, 1 failed 2 failed");
  desk.add(3, 6);
  desk.answer(2, false);
  CHECK(desk.done() == "#2:3,4, 3 failed 4 failed 5 skipped 6 skipped");
  CHECK(desk.inquiry.breaker() == Breaker::State::open);
  desk.add(7, 7);
  CHECK(desk.done() == "7 skipped");
  desk.pass(2s);
  desk.add(8, 10);
  CHECK(desk.done() == "#3:8,9,");  // the probe; 10 waits for it as there is one request at a time
  desk.answer(3);
  CHECK(desk.done() == "8=0 9=1 #4:10,");
  CHECK(desk.inquiry.breaker() == Breaker::State::closed);
}

TEST_CASE("inquiry: stopping settles everything") {
  Desk desk;
  desk.add(1, 5);
  (void)desk.done();
  desk.inquiry.stop(desk.effects);
  CHECK(desk.done() == "1 failed 2 failed 3 failed 4 failed 5 failed");
  desk.answer(1);
  CHECK(desk.done().empty());
}

TEST_CASE("inquiry: every draft has one effect, by its deadline, whatever happens") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    Desk desk({.batch = 4, .requests = 2, .waiting = 6, .breaker = {3, 20ms, 20ms, 100ms}});
    std::map<std::uint64_t, Instant> open;
    std::vector<std::uint64_t> under_way;
    std::uint64_t last = 0;
    for (int step = 0; step < 300; ++step) {
      switch (random() % 4) {
        case 0:
          for (std::uint64_t n = random() % 6; n > 0; --n) {
            open.emplace(++last, desk.now + 40ms);
            desk.inquiry.add(last, desk.now + 40ms, desk.effects);
          }
          desk.inquiry.ask(desk.now, desk.effects);
          break;
        case 1:
        case 2:
          if (!under_way.empty()) {
            desk.answer(under_way.back(), random() % 3 != 0);
            under_way.pop_back();
          }
          break;
        default:
          desk.pass(Nanoseconds(random() % 15'000'000));
      }
      for (const auto& effect : std::exchange(desk.effects, {})) {
        if (const auto* request = std::get_if<inquiry_effect::Request>(&effect)) {
          CHECK(request->drafts.size() <= 4);
          under_way.insert(under_way.begin(), request->number);
        } else if (const auto* judged = std::get_if<inquiry_effect::Judged>(&effect)) {
          CHECK(open.erase(judged->draft) == 1);
        } else {
          CHECK(open.erase(std::get<inquiry_effect::Unjudged>(effect).draft) == 1);
        }
      }
      CHECK(under_way.size() == desk.inquiry.requests());
      CHECK(desk.inquiry.size() == open.size());
      for (const auto& [number, due] : open) CHECK(desk.inquiry.deadline() <= due);
    }
  }
}

}  // namespace
