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

}  // namespace
