#include <kefu/core/relay.hpp>

#include <doctest/doctest.h>

#include "desk_rig.hpp"

namespace {

using namespace kefu;
using namespace kefu::core;
using namespace std::chrono_literals;

TEST_CASE("one node at a time serves a sink, and the next goes on where it was") {
  DeskRig rig;
  const auto cursor = [&] { return rig.get<SinkCursor>(sink_key("bills")); };
  CHECK(rig.run(HoldSink{"bills", "one", 10s}) == Rule::none);
  CHECK(rig.run(HoldSink{"bills", "two", 10s}) == Rule::lease);
  CHECK(rig.run(AdvanceSink{"bills", "one", 7}) == Rule::none);
  CHECK(rig.run(AdvanceSink{"bills", "one", 5}) == Rule::none);  // late
  CHECK(cursor().position == 7);
  rig.now = rig.now + 9s;
  CHECK(rig.run(HoldSink{"bills", "one", 10s}) == Rule::none);
  rig.now = rig.now + 9s;
  CHECK(rig.run(HoldSink{"bills", "two", 10s}) == Rule::lease);
  rig.now = rig.now + 1s;
  CHECK(rig.run(HoldSink{"bills", "two", 10s}) == Rule::none);
  CHECK(rig.run(AdvanceSink{"bills", "one", 9}) == Rule::lease);
  CHECK(cursor().position == 7);
  CHECK(rig.run(AdvanceSink{"other", "two", 9}) == Rule::lease);
}

TEST_CASE("what is held stands in the cursor, and goes only forwards") {
  DeskRig rig;
  CHECK(rig.run(HoldSink{"bills", "one", 10s}) == Rule::none);
  const std::vector<HeldLane> held{{ConversationId{1, 1}, 4}};
  CHECK(rig.run(AdvanceSink{"bills", "one", 3, 9, held}) == Rule::none);
  CHECK(rig.run(AdvanceSink{"bills", "one", 3, 8, {}}) == Rule::none);  // late
  CHECK(rig.get<SinkCursor>(sink_key("bills")).ahead == 9);
  CHECK(rig.get<SinkCursor>(sink_key("bills")).held == held);
}

TEST_CASE("who has the lease gives up, once for each event, and a replay forgets") {
  DeskRig rig;
  CHECK(rig.run(HoldSink{"bills", "one", 10s}) == Rule::none);
  const DeadLetter letter{"bills", 7, ConversationId{1, 1}, false, 3, 5, {}};
  const RecordKey key = dead_letter_key("bills", 7);
  CHECK(rig.run(BuryEvents{"bills", "two", {letter}}) == Rule::lease);
  CHECK(!rig.has(key));
  CHECK(rig.run(BuryEvents{"bills", "one", {letter}}) == Rule::none);
  CHECK(rig.get<DeadLetter>(key).attempts == 5);
  CHECK(rig.get<DeadLetter>(key).at == rig.now);
  CHECK(rig.run(BuryEvents{"bills", "one", {letter}}) == Rule::none);
  CHECK(!rig.changed);
  CHECK(rig.run(ForgetLetter{"bills", 7}) == Rule::none);
  CHECK(!rig.has(key));
  CHECK(rig.run(ForgetLetter{"bills", 7}) == Rule::none);
}

}  // namespace
