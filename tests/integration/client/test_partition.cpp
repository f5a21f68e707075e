#include <kefu/client/websocket.hpp>

#include <doctest/doctest.h>

#include "integration/client/talk.hpp"
#include "integration/wire.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

void talk_over(Wire& wire) {
  Random random;
  CAPTURE(random.seed);
  HelpdeskOptions options;
  options.address = Wire::kFar;
  options.ping_interval = 0.3;
  options.under = wire.at_far_end();
  Helpdesk desk(options);
  desk.start();
  constexpr int kCuts = 6 * kTimes;
  Talk talk(desk, url_of(desk.port(), Wire::kFar), random, 1500 * kTimes, 4);
  for (int cut = 1; cut <= kCuts; ++cut) {
    talk.await_settled(cut * talk.all() / (kCuts + 1) + random.between(0, 20));
    talk.await_detached([&] {
      if (cut % 3 != 1) wire.drop_to_far();
      if (cut % 3 != 2) wire.drop_to_near();
    });
    wire.deliver();
  }
  if (!talk.check()) return;
  report(
      "packets dropped: %d times (one way, the other, both), %d messages acknowledged, %d "
      "reconnects, 0 lost, doubled or out of order",
      kCuts, talk.all(), talk.sum([](const Person& one) { return one.attached - 1; }));
}

}  // namespace

TEST_CASE("half-open connections: packets are dropped one way, the other way, and both ways") {
  with_wire(talk_over);
}
