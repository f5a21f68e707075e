#include <kefu/core/sink_lanes.hpp>

#include <doctest/doctest.h>

#include <kefu/testing/random.hpp>
#include <map>
#include <set>
#include <string>

namespace {

using namespace kefu;
using namespace kefu::core;
using namespace std::chrono_literals;

ConversationId conversation(std::uint64_t number) { return ConversationId{1, number}; }

Event event(std::uint64_t position, std::uint64_t of) {
  Event out;
  out.position = position;
  out.entry.conversation = conversation(of);
  out.entry.seq = position;
  return out;
}

SinkTerms webhook_terms() {
  SinkTerms terms;
  terms.by_conversation = true;
  terms.batch = 1;
  terms.parallel = 4;
  terms.window = 64;
  return terms;
}
/// With room for one event of a conversation.
SinkTerms narrow_terms() {
  SinkTerms terms = webhook_terms();
  terms.window = 8;
  return terms;
}

std::uint64_t position_of(const SinkLanes::Job& job) { return job.batch->events.front().position; }

TEST_CASE("a conversation that fails holds back only itself") {
  SinkLanes lanes(webhook_terms(), 1);
  const Instant now{};
  lanes.start({});
  lanes.take({event(1, 1), event(2, 2), event(3, 1), event(4, 2)}, {});
  const auto first = lanes.next(now);
  const auto second = lanes.next(now);
  REQUIRE((first && second));
  CHECK(position_of(*first) == 1);
  CHECK(position_of(*second) == 2);
  CHECK(!lanes.next(now));  // each conversation's next waits for the one before
  lanes.settle(first->token, errc::unavailable, now);
  lanes.settle(second->token, errc::ok, now);
  const auto third = lanes.next(now);
  REQUIRE(third);
  CHECK(position_of(*third) == 4);
  lanes.settle(third->token, errc::ok, now);
  CHECK(lanes.progress() == SinkLanes::Progress{0, 4, {{conversation(1), 1}}});
  CHECK(!lanes.next(now));
  REQUIRE(lanes.wakes_at());
  const auto again = lanes.next(*lanes.wakes_at());
  REQUIRE(again);
  CHECK(position_of(*again) == 1);
  CHECK(again->failures == 1);
}

TEST_CASE("marks hold while they are made anew") {
  SinkLanes lanes(webhook_terms(), 1);
  lanes.mark(conversation(1));
  lanes.mark(conversation(2));
  lanes.begin_marks();
  lanes.mark(conversation(2));
  std::uint64_t position = 0;
  const auto is_marked = [&](std::uint64_t of) {
    lanes.start({});
    lanes.take({event(++position, of)}, {});
    const auto job = lanes.next({});
    REQUIRE(job);
    return job->batch->follows_dead_letter;
  };
  CHECK(is_marked(1));
  lanes.end_marks();
  CHECK_FALSE(is_marked(1));
  CHECK(is_marked(2));
}

TEST_CASE("it is busy until each job has its answer") {
  SinkLanes lanes(webhook_terms(), 1);
  lanes.start({});
  lanes.take({event(1, 1), event(2, 2)}, {});
  const auto first = lanes.next({});
  const auto second = lanes.next({});
  REQUIRE((first && second));
  lanes.settle(first->token, errc::ok, {});
  CHECK(lanes.busy());
  lanes.settle(second->token, errc::unavailable, {});
  CHECK_FALSE(lanes.busy());
}

TEST_CASE("what lies behind the cursor is not delivered again, but for what was held") {
  SinkLanes lanes(webhook_terms(), 1);
  SinkCursor cursor;
  cursor.position = 0;
  cursor.ahead = 4;
  cursor.held = {{conversation(1), 3}};
  lanes.start(cursor);
  lanes.take({event(1, 1), event(2, 2), event(3, 1)}, {});
  CHECK(!lanes.progress());  // the cursor still says it best
  lanes.take({event(4, 2), event(5, 2)}, {});
  std::set<std::uint64_t> got;
  while (const auto job = lanes.next({})) {
    got.insert(position_of(*job));
    lanes.settle(job->token, errc::ok, {});
  }
  CHECK(got == std::set<std::uint64_t>{3, 5});
  CHECK(lanes.progress() == SinkLanes::Progress{5, 5, {}});
}

TEST_CASE("what has failed too often is given up, and what follows it is marked") {
  SinkTerms terms = webhook_terms();
  terms.attempts = 3;
  SinkLanes lanes(terms, 1);
  lanes.start({});
  lanes.take({event(1, 1), event(2, 1), event(3, 2)}, {});
  Instant now{};
  int deliveries = 0;
  for (;;) {
    const auto job = lanes.next(now);
    if (!job) {
      now = lanes.wakes_at().value();
      continue;
    }
    if (job->bury) {
      CHECK(job->failures == 3);
      CHECK(position_of(*job) == 1);
      CHECK(lanes.progress().value().held.front().from == 1);
      lanes.buried(job->token, true, now);
      break;
    }
    deliveries += position_of(*job) == 1;
    lanes.settle(job->token, position_of(*job) == 1 ? errc::unavailable : errc::ok, now);
  }
  CHECK(deliveries == 3);
  CHECK(lanes.read_from() == 1);  // what follows was not kept
  lanes.take({event(2, 1), event(3, 2)}, now);
  const auto successor = lanes.next(now);
  REQUIRE(successor);
  CHECK(position_of(*successor) == 2);
  CHECK(successor->batch->follows_dead_letter);
  CHECK(successor->failures == 0);
  lanes.settle(successor->token, errc::ok, now);
  CHECK(lanes.progress() == SinkLanes::Progress{3, 3, {}});
}

TEST_CASE("a failure that lasts too long is given up by its age") {
  SinkTerms terms = webhook_terms();
  terms.age = 60s;
  SinkLanes lanes(terms, 1);
  lanes.start({});
  lanes.take({event(1, 1)}, {});
  const auto first = lanes.next({});
  lanes.settle(first->token, errc::unavailable, Instant{});
  const auto second = lanes.next(Instant{} + 61s);
  REQUIRE(second);
  CHECK(!second->bury);  // it is tried once more
  lanes.settle(second->token, errc::unavailable, Instant{} + 61s);
  CHECK(lanes.next(Instant{} + 61s).value().bury);
}

TEST_CASE("it takes no more than its window") {
  SinkLanes lanes(narrow_terms(), 1);
  lanes.start({});
  for (std::uint64_t i = 1; i <= 8; ++i) lanes.take({event(i, i)}, {});
  CHECK(lanes.room() == 0);
  lanes.settle(lanes.next({}).value().token, errc::ok, {});
  CHECK(lanes.room() == 1);
}

TEST_CASE("a conversation that fails and goes on talking leaves the others their room") {
  SinkLanes lanes(narrow_terms(), 1);
  lanes.start({});
  std::vector<Event> outbox;
  for (std::uint64_t i = 1; i <= 200; ++i) outbox.push_back(event(i, i % 2 == 0 ? 1 : 100 + i));
  std::vector<std::uint64_t> talkative, others;
  Instant now{};
  bool fails = true;
  const auto turn = [&] {
    std::vector<Event> page;
    for (const Event& one : outbox) {
      if (one.position > lanes.read_from() && page.size() < lanes.room()) page.push_back(one);
    }
    lanes.take(std::move(page), now);
    while (const auto job = lanes.next(now)) {
      const bool first = job->batch->events.front().entry.conversation == conversation(1);
      if (!first || !fails) (first ? talkative : others).push_back(position_of(*job));
      lanes.settle(job->token, first && fails ? errc::unavailable : errc::ok, now);
    }
  };
  for (int i = 0; i < 300; ++i) turn();
  CHECK(others.size() == 100);
  CHECK(talkative.empty());
  CHECK(lanes.room() == 7);
  CHECK(lanes.progress() == SinkLanes::Progress{1, 200, {{conversation(1), 2}}});
  fails = false;
  for (int i = 0; i < 300; ++i) {
    now = lanes.wakes_at().value_or(now);
    turn();
  }
  CHECK(others.size() == 100);  // none of them twice
  REQUIRE(talkative.size() == 100);
  for (std::size_t i = 0; i < 100; ++i) CHECK(talkative[i] == 2 * (i + 1));
  CHECK(lanes.progress() == SinkLanes::Progress{200, 200, {}});
}

TEST_CASE("a conversation that talks faster than it is delivered does not fill the window") {
  SinkLanes lanes(webhook_terms(), 1);
  lanes.start({});
  std::vector<Event> page;
  for (std::uint64_t i = 1; i <= 50; ++i) page.push_back(event(i, 1));
  lanes.take(page, {});
  CHECK(lanes.room() == 64 - 8);
  std::uint64_t last = 0;
  while (last < 50) {
    const auto job = lanes.next({});
    if (!job) {
      page.clear();
      for (std::uint64_t i = lanes.read_from() + 1; i <= 50; ++i) page.push_back(event(i, 1));
      lanes.take(page, {});
      continue;
    }
    CHECK(position_of(*job) == ++last);
    lanes.settle(job->token, errc::ok, {});
  }
  CHECK(lanes.progress() == SinkLanes::Progress{50, 50, {}});
}

TEST_CASE("what is tried again, or was read long ago, is read again") {
  SinkLanes lanes(webhook_terms(), 1);
  lanes.start({});
  Event secret = event(1, 1);
  secret.entry.body = "secret";
  lanes.take({secret, event(2, 2)}, {});
  const auto first = lanes.next({});
  REQUIRE(first);
  CHECK_FALSE(first->again);
  lanes.settle(first->token, errc::unavailable, {});
  const auto late = lanes.next(Instant{} + 2s);
  REQUIRE(late);
  CHECK(late->again);
  lanes.put_off(late->token, Instant{} + 2s);
  bool retried = false;
  Instant now = Instant{} + 2s;
  for (int i = 0; i < 2; ++i) {
    now = std::max(now, lanes.wakes_at().value_or(now));
    while (const auto job = lanes.next(now)) {
      CHECK(job->again);
      if (position_of(*job) == 1) {
        retried = true;
        CHECK(job->failures == 1);
        CHECK(job->batch->events.front().entry.body.empty());
      }
      lanes.settle(job->token, errc::ok, now);
    }
  }
  CHECK(retried);
}

TEST_CASE("a sink that does not go by conversation gets batches in commit order") {
  SinkTerms terms;
  terms.batch = 2;
  SinkLanes lanes(terms, 1);
  lanes.start({});
  lanes.take({event(1, 1), event(2, 2), event(3, 1)}, {});
  const auto first = lanes.next({});
  REQUIRE(first);
  CHECK(first->batch->events.size() == 2);
  CHECK(!lanes.next({}));
  lanes.settle(first->token, errc::ok, {});
  CHECK(lanes.progress() == SinkLanes::Progress{2, 2, {}});
  CHECK(position_of(lanes.next({}).value()) == 3);
}

TEST_CASE("answers from before it began again mean nothing") {
  SinkLanes lanes(webhook_terms(), 1);
  lanes.start({});
  lanes.take({event(1, 1)}, {});
  const auto old = lanes.next({});
  lanes.start({});
  lanes.settle(old->token, errc::ok, {});
  lanes.take({event(1, 1)}, {});
  CHECK(position_of(lanes.next({}).value()) == 1);
}

// ---- promise 13, whatever fails

enum class Broken { none, notes_what_was_read, ignores_held, sends_on };

/// A run of nodes that die at random, before a receiver that fails at random. Says what was wrong.
std::string run(std::uint64_t seed, Broken broken) {
  testing::Random random(seed);
  constexpr std::uint64_t kConversations = 6;
  std::vector<Event> outbox;
  for (std::uint64_t i = 1; i <= 120; ++i)
    outbox.push_back(event(2 * i, 1 + random.below(kConversations)));
  SinkTerms terms = narrow_terms();
  terms.attempts = 4;
  SinkCursor cursor;
  std::set<std::uint64_t> dead;
  std::set<std::uint64_t> delivered;
  std::map<ConversationId, std::uint64_t> last;
  Instant now{};
  for (int life = 0; life < 200; ++life) {
    SinkLanes lanes(terms, random.next());
    SinkCursor from = cursor;
    if (broken == Broken::ignores_held) from.held.clear();
    lanes.start(from);
    for (const std::uint64_t position : dead)
      lanes.mark(outbox[position / 2 - 1].entry.conversation);
    std::map<ConversationId, std::uint64_t> sent;  // in this life
    std::vector<SinkLanes::Job> under_way;
    const bool last_life = life == 199;
    for (std::uint64_t step = 0; last_life || step < 5 + random.below(60); ++step) {
      std::vector<Event> page;
      for (const Event& one : outbox) {
        if (one.position > lanes.read_from() &&
            page.size() < std::min<std::size_t>(lanes.room(), 5))
          page.push_back(one);
      }
      const bool at_end = page.empty();
      lanes.take(std::move(page), now);
      while (auto job = lanes.next(now)) under_way.push_back(*std::move(job));
      if (at_end && under_way.empty() && !lanes.wakes_at()) break;
      if (!under_way.empty()) {
        const std::size_t which = random.below(under_way.size());
        const SinkLanes::Job job = under_way[which];
        under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(which));
        const Event& one = job.batch->events.front();
        if (job.bury) {
          dead.insert(one.position);
          lanes.buried(job.token, true, now);
        } else {
          const ConversationId of = one.entry.conversation;
          const bool fails = random.chance(one.position % 10 == 0 ? 0.9 : 0.2);  // some are poison
          if (!fails) {
            // What is missing in front of it is dead, and then this one is marked.
            for (const Event& before : outbox) {
              if (before.position >= one.position || before.entry.conversation != of) continue;
              if (!delivered.contains(before.position) && !dead.contains(before.position))
                return "delivered before one in front of it";
              if (dead.contains(before.position) && !job.batch->follows_dead_letter)
                return "a successor is not marked";
            }
            if (one.position <= std::exchange(sent[of], one.position)) return "twice in one life";
            delivered.insert(one.position);
          }
          lanes.settle(job.token,
                       fails && broken != Broken::sends_on ? errc::unavailable : errc::ok, now);
        }
      } else if (lanes.wakes_at()) {
        now = std::max(now, *lanes.wakes_at());
      }
      if (auto progress = lanes.progress(); progress && random.chance(0.5)) {
        if (broken == Broken::notes_what_was_read)
          progress = SinkLanes::Progress{lanes.read_from(), lanes.read_from(), {}};
        cursor.position = progress->position;
        cursor.ahead = progress->ahead;
        cursor.held = progress->held;
        lanes.noted(*std::move(progress));
      }
    }
  }
  for (const Event& one : outbox) {
    if (!delivered.contains(one.position) && !dead.contains(one.position))
      return "an event is lost";
  }
  return {};
}

TEST_CASE("nothing is lost, overtaken or unmarked, whoever dies") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    CHECK(run(seed, Broken::none).empty());
  }
}

TEST_CASE("the check finds broken relays") {
  const auto found = [](Broken broken) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      if (!run(seed, broken).empty()) return true;
    }
    return false;
  };
  CHECK(found(Broken::notes_what_was_read));
  CHECK(found(Broken::ignores_held));
  CHECK(found(Broken::sends_on));
}

}  // namespace
