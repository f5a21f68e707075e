#include <kefu/core/sla.hpp>

#include <doctest/doctest.h>

#include "desk_rig.hpp"

namespace {

using namespace kefu;
using namespace kefu::core;
using namespace std::chrono_literals;
constexpr auto kFirst = Desk::kFirst;
constexpr Timestamp kStart{1'000'000'000'000'000};

/// A conversation's public log, and its clock.
struct Log1 : Desk {
  Calendar calendar;
  std::vector<Entry> log;

  explicit Log1(SlaPolicy policy = {10min, 5min, 60min, 2min}) {
    now = kStart;
    REQUIRE(run(StartSla{kFirst, policy, ""}) == Rule::none);
    add(0min, kind::kOpened);
  }
  void add(Nanoseconds at, std::string_view kind, Role role = Role::bot) {
    Entry entry;
    entry.conversation = kFirst;
    entry.seq = log.size() + 1;
    entry.kind = kind;
    entry.role = role;
    entry.at = kStart + at;
    log.push_back(entry);
  }
  void visitor(Nanoseconds at) { add(at, kind::kText, Role::visitor); }
  void agent(Nanoseconds at) { add(at, kind::kText, Role::agent); }

  /// Folds the log as it stands; what was told by then.
  std::string fold(Nanoseconds at) {
    entries.clear();
    CHECK(run(FoldSla{kFirst, log, &calendar, kStart + at}) == Rule::none);
    std::string told;
    for (const Entry& entry : entries) {
      CHECK(entry.log == Log::internal);
      CHECK(entry.kind == kind::kSla);
      told += (told.empty() ? "" : ", ") + entry.body;
    }
    return told;
  }
  SlaClock clock() const { return get<SlaClock>(sla_key(kFirst)); }
};

TEST_CASE("warned, breached and met, each once") {
  Log1 desk;
  CHECK(desk.fold(0min) == "");
  CHECK(due_at(desk.clock()) == kStart + 8min);
  CHECK(desk.fold(8min) == "");
  CHECK(desk.fold(8min + 1ns) == "warned first_response");
  CHECK(desk.fold(9min) == "");
  CHECK(desk.fold(10min) == "");
  CHECK(desk.fold(10min + 1ns) == "breached first_response");
  desk.agent(12min);
  CHECK(desk.fold(12min) == "met first_response");
  CHECK(desk.fold(70min) == "warned resolution, breached resolution");
}

TEST_CASE("the answer in time counts, however late it is folded") {
  Log1 desk;
  desk.agent(9min);
  CHECK(desk.fold(50min) == "warned first_response, met first_response");
}

TEST_CASE("what was due before the answer was breached, however late it is folded") {
  Log1 desk;
  desk.agent(11min);
  CHECK(desk.fold(50min) == "warned first_response, breached first_response, met first_response");
}

TEST_CASE("the visitor waits since the first unanswered message") {
  Log1 desk;
  desk.visitor(1min);
  desk.agent(2min);
  desk.visitor(20min);
  desk.visitor(23min);
  CHECK(desk.fold(23min) == "met first_response");
  CHECK(desk.fold(25min + 1ns) == "warned next_response, breached next_response");
  desk.agent(26min);
  desk.visitor(27min);
  desk.agent(28min);
  CHECK(desk.fold(28min) == "met next_response, met next_response");
}

TEST_CASE("on hold nothing runs, and afterwards what was left does") {
  Log1 desk;
  desk.add(4min, kind::kHeld);
  CHECK(desk.fold(40min) == "");
  CHECK(!due_at(desk.clock()));
  desk.add(40min, kind::kResumed);
  CHECK(desk.fold(40min) == "");
  CHECK(due_at(desk.clock()) ==
        kStart + 44min);  // 6 minutes were left, 2 of them after the warning
  CHECK(desk.fold(46min + 1ns) == "warned first_response, breached first_response");
}

TEST_CASE("a hold is ended by whatever changes the state") {
  for (const std::string_view kind : {kind::kResumed, kind::kAssigned, kind::kQueued}) {
    Log1 desk;
    desk.add(1min, kind::kHeld);
    desk.add(2min, kind::kJoined);
    desk.add(3min, kind);
    (void)desk.fold(3min);
    CHECK(!desk.clock().paused);
  }
}

TEST_CASE("resolving meets it, reopening promises anew") {
  Log1 desk;
  desk.agent(1min);
  desk.add(30min, kind::kResolved);
  CHECK(desk.fold(30min) == "met first_response, met resolution");
  CHECK(desk.clock().timers.empty());
  desk.add(40min, kind::kReopened);
  CHECK(desk.fold(40min) == "");
  CHECK(due_at(desk.clock()) == kStart + 43min);
  desk.add(50min, kind::kAbandoned);
  CHECK(desk.fold(50min) == "warned next_response, breached next_response");
  CHECK(desk.clock().timers.empty());
}

TEST_CASE("it comes out the same in one step, in many, and with restarts between any two") {
  const auto play = [](bool each) {
    Log1 desk;
    std::string told;
    const auto fold = [&](Nanoseconds at) {
      const std::string now = desk.fold(at);
      if (!now.empty()) told += now + "; ";
    };
    const Nanoseconds steps[] = {3min, 9min, 15min, 16min, 21min, 22min, 30min, 90min};
    int i = 0;
    for (const Nanoseconds at : steps) {
      switch (i++ % 4) {
        case 0:
          desk.visitor(at);
          break;
        case 1:
          desk.add(at, kind::kHeld);
          break;
        case 2:
          desk.add(at, kind::kResumed);
          break;
        default:
          desk.agent(at);
      }
      if (each) fold(at);
    }
    fold(100min);
    std::erase(told, ';');
    std::erase(told, ',');
    while (told.ends_with(' ')) told.pop_back();
    return std::pair(told, desk.clock());
  };
  CHECK(play(true) == play(false));
}

TEST_CASE("in business hours") {
  Log1 desk;
  BusinessHours open;
  open.week.fill({{9h, 17h}});
  desk.calendar = Calendar(open, {});
  desk.log[0].at = *Timestamp::parse("2026-11-23T16:55:00Z");
  (void)desk.run(FoldSla{kFirst, desk.log, &desk.calendar, desk.log[0].at});
  CHECK(due_at(desk.clock()) == Timestamp::parse("2026-11-24T09:03:00Z"));
}

TEST_CASE("a clock that is behind what was read asks for more") {
  Log1 desk;
  desk.visitor(1min);
  const std::vector<Entry> late(desk.log.begin() + 1, desk.log.end());
  CHECK(desk.run(FoldSla{kFirst, late, &desk.calendar, kStart}) == Rule::version);
  CHECK(desk.run(FoldSla{{5, 5}, {}, &desk.calendar, kStart}) == Rule::exists);
}

}  // namespace
