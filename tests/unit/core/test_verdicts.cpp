#include <kefu/core/verdicts.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <string>

namespace {

using namespace kefu;
using namespace kefu::core;
namespace fx = kefu::core::verdict_effect;

constexpr Nanoseconds kDeadline{1'000};
constexpr Instant kStart{5'000};
constexpr std::uint32_t kWindow = 4;

Instant after(std::int64_t time) { return kStart + Nanoseconds(time); }

struct Rig {
  explicit Rig(std::vector<OnTimeout> rules = {OnTimeout::allow})
      : machine(std::move(rules), {100, 100}, kDeadline, kWindow) {}

  static Draft draft(std::uint64_t cseq, std::uint64_t session = 1, Instant received = kStart) {
    Draft out;
    out.session = {7, session};
    out.conversation = {1, 1};
    out.epoch = 1;
    out.cseq = cseq;
    out.digest = cseq;
    out.tag = session << 32 | cseq;
    out.received = received;
    out.body = "sent";
    return out;
  }

  /// The draft gets its cseq as its number; policy 0 has been asked and is silent.
  void wait(const Draft& draft, std::uint64_t number) {
    if (machine.holds(draft)) {
      machine.add(number, draft, true, effects);
    } else {
      machine.wait(number, draft, {}, 0);
    }
    take();
  }
  void wait(std::uint64_t cseq) { wait(draft(cseq), cseq); }

  void say(std::uint64_t number, Verdict verdict = Allow{}, std::size_t step = 0) {
    machine.on_verdict(number, step, std::move(verdict), effects);
    take();
  }
  void tick(std::int64_t time) {
    machine.on_tick(after(time), effects);
    take();
  }

  void take() {
    for (auto& effect : effects) {
      if (const auto* ask = std::get_if<fx::Ask>(&effect)) {
        asked.push_back(std::to_string(ask->number) + "/" + std::to_string(ask->step));
      } else if (auto* release = std::get_if<fx::Release>(&effect)) {
        const Draft& draft = release->draft->draft;
        released.push_back(draft.cseq);
        fates.push_back(draft.judged == Draft::Judged::denied ? "denied" : std::string(draft.body));
        tags.push_back(draft.tag);
      } else if (auto* drop = std::get_if<fx::Drop>(&effect)) {
        dropped.push_back({drop->draft->draft.tag, drop->code});
      }
    }
    effects.clear();
  }

  Verdicts machine;
  VerdictEffects effects;
  std::vector<std::string> asked, fates;
  std::vector<std::uint64_t> released, tags;
  std::vector<std::pair<std::uint64_t, errc>> dropped;
};

TEST_CASE("every order of arrival releases in the order of cseq") {
  std::vector<std::uint64_t> order = {1, 2, 3, 4};
  do {
    Rig rig;
    for (std::uint64_t cseq = 1; cseq <= 4; ++cseq) rig.wait(cseq);
    CHECK(rig.asked == std::vector<std::string>{"2/0", "3/0", "4/0"});
    std::vector<std::uint64_t> given;
    for (const std::uint64_t number : order) {
      rig.say(number, Rewrite{"body " + std::to_string(number)});
      given.push_back(number);
      std::uint64_t ready = 0;  // the longest run from 1 on that has verdicts
      while (std::ranges::find(given, ready + 1) != given.end()) ++ready;
      REQUIRE(rig.released.size() == ready);
    }
    CHECK(rig.released == std::vector<std::uint64_t>{1, 2, 3, 4});
    CHECK(rig.fates == std::vector<std::string>{"body 1", "body 2", "body 3", "body 4"});
    CHECK(rig.machine.size() == 0);
    CHECK_FALSE(rig.machine.deadline());
  } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("drafts that arrive out of order are released in the order of cseq") {
  std::vector<std::uint64_t> order = {1, 2, 3};
  do {
    Rig rig;
    for (const std::uint64_t cseq : order) rig.wait(cseq);
    for (const std::uint64_t cseq : order) {
      if (cseq != 1) rig.say(cseq);
    }
    CHECK(rig.released.empty());
    rig.say(1);
    CHECK(rig.released == std::vector<std::uint64_t>{1, 2, 3});
  } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("without a verdict the declared one stands at the deadline, not before") {
  for (const OnTimeout rule : {OnTimeout::allow, OnTimeout::deny}) {
    Rig rig({rule});
    rig.wait(1);
    CHECK(rig.machine.deadline() == after(1'000));
    rig.tick(999);
    CHECK(rig.released.empty());
    rig.tick(1'000);
    CHECK(rig.fates == std::vector<std::string>{rule == OnTimeout::deny ? "denied" : "sent"});
  }
}

TEST_CASE("late and second verdicts mean nothing") {
  Rig rig({OnTimeout::allow});
  rig.wait(1);
  rig.wait(2);
  rig.say(2, Rewrite{"once"});
  rig.say(2, Deny{});
  rig.tick(1'000);
  rig.say(1, Deny{});
  CHECK(rig.fates == std::vector<std::string>{"sent", "once"});
}

TEST_CASE("a verdict in time stands whatever was decided for those before it at the deadline") {
  Rig rig({OnTimeout::deny});
  rig.wait(1);
  rig.wait(Rig::draft(2, 1, after(500)), 2);
  rig.say(2);
  rig.tick(1'000);
  CHECK(rig.fates == std::vector<std::string>{"denied", "sent"});
}

TEST_CASE("no session waits for another") {
  Rig rig;
  rig.wait(1);
  rig.wait(Rig::draft(1, 2), 20);
  rig.say(20);
  CHECK(rig.tags == std::vector<std::uint64_t>{2ull << 32 | 1});
}

TEST_CASE("policies are asked in turn, until one denies") {
  Rig rig({OnTimeout::allow, OnTimeout::allow, OnTimeout::allow});
  rig.wait(1);
  rig.say(1, Flag{"spam"});
  CHECK(rig.asked == std::vector<std::string>{"1/1"});
  rig.say(1, Allow{}, 0);  // again, and too late
  CHECK(rig.asked.size() == 1);
  rig.say(1, Deny{"no"}, 1);
  CHECK(rig.asked.size() == 1);
  CHECK(rig.fates == std::vector<std::string>{"denied"});
}

TEST_CASE("behind the deadline the rest of the chain is asked, and only answers at once count") {
  Rig rig({OnTimeout::allow, OnTimeout::deny});
  rig.wait(1);
  rig.wait(2);
  rig.tick(1'000);
  CHECK(rig.asked == std::vector<std::string>{"2/0", "1/1", "2/1"});
  rig.say(1, Allow{}, 1);  // inside the call
  rig.machine.on_asked(2, 1, after(1'000), rig.effects);
  rig.take();
  CHECK(rig.fates == std::vector<std::string>{"sent", "denied"});
  CHECK(rig.machine.size() == 0);
}

TEST_CASE("a policy that was asked in time is waited for") {
  Rig rig;
  rig.wait(1);
  rig.machine.on_asked(1, 0, after(999), rig.effects);
  rig.take();
  CHECK(rig.released.empty());
}

TEST_CASE("a retry joins the original, and answers its own submitter") {
  Rig rig;
  rig.wait(1);
  rig.wait(2);
  Draft again = Rig::draft(2, 1, after(900));
  again.epoch = 2;
  again.tag = 77;
  rig.wait(again, 3);
  CHECK(rig.asked == std::vector<std::string>{"2/0"});
  CHECK(rig.dropped == std::vector<std::pair<std::uint64_t, errc>>{{1ull << 32 | 2, errc::fenced}});
  CHECK(rig.machine.find(2)->draft.tag == 77);
  rig.say(2, Deny{});
  rig.tick(1'000);
  CHECK(rig.fates == std::vector<std::string>{"sent", "denied"});
  CHECK(rig.tags.back() == 77);
}

TEST_CASE("a joined draft keeps the original's deadline") {
  Rig rig({OnTimeout::deny});
  rig.wait(1);
  Draft again = Rig::draft(1, 1, after(900));
  again.epoch = 2;
  rig.wait(again, 2);
  rig.tick(1'000);
  CHECK(rig.fates == std::vector<std::string>{"denied"});
}

TEST_CASE("other content under the same cseq") {
  Rig rig;
  rig.wait(1);
  Draft other = Rig::draft(1);
  other.digest = 99;
  SUBCASE("of the same connection is a conflict") {
    rig.wait(other, 2);
    CHECK(rig.dropped.back().second == errc::conflict);
    rig.say(1);
    CHECK(rig.released.size() == 1);
  }
  SUBCASE("of a newer one takes its place, and is judged for itself") {
    other.epoch = 2;
    other.body = "other";
    rig.wait(other, 2);
    CHECK(rig.dropped.back().second == errc::fenced);
    CHECK(rig.asked == std::vector<std::string>{"2/0"});
    rig.say(1, Deny{});
    CHECK(rig.released.empty());
    rig.say(2);
    CHECK(rig.fates == std::vector<std::string>{"other"});
  }
  SUBCASE("of an older one is fenced") {
    other.epoch = 0;
    rig.wait(other, 2);
    CHECK(rig.dropped.back().second == errc::fenced);
    CHECK(rig.machine.size() == 1);
  }
}

TEST_CASE("a session has at most a window of drafts under judgement in a conversation") {
  Rig rig;
  for (std::uint64_t cseq = 1; cseq <= kWindow; ++cseq) rig.wait(cseq);
  rig.wait(5);
  CHECK(rig.dropped ==
        std::vector<std::pair<std::uint64_t, errc>>{{1ull << 32 | 5, errc::overloaded}});
  Draft newer = Rig::draft(5);
  newer.epoch = 2;
  rig.wait(newer, 6);
  CHECK(rig.dropped.back() == std::pair(std::uint64_t{1} << 32 | 4, errc::fenced));
  CHECK(rig.machine.size() == kWindow);
}

TEST_CASE("a draft that nobody is asked about only waits for its turn") {
  Rig rig;
  rig.wait(1);
  rig.machine.add(2, Rig::draft(2), false, rig.effects);
  rig.take();
  CHECK(rig.asked.empty());
  CHECK(rig.released.empty());
  rig.say(1);
  CHECK(rig.released == std::vector<std::uint64_t>{1, 2});
}

}  // namespace
