// What visitors leave outside of business hours.
#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include <kefu/wire/records.hpp>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

/// Open from ten hours after the start of the test's day on, for two hours each day.
DeskOptions closed(Offline offline) {
  const auto start =
      std::chrono::duration_cast<std::chrono::minutes>(Nanoseconds(ManualClock::kStart.ns)) %
      (24 * 60min);
  const auto opens = (start + 10h) % (24 * 60min);
  BusinessHours hours;
  hours.zone = "UTC";
  for (auto& day : hours.week) day = {{opens, std::min<std::chrono::minutes>(opens + 2h, 24h)}};
  Department department;
  department.id = "billing";
  department.calendar = "hours";
  department.offline = offline;
  department.close_after = 60s;
  DeskOptions desk;
  desk.departments = {department};
  desk.calendars["hours"] = {hours, {}};
  return desk;
}

TEST_CASE("opening tells at once that it is closed, and until when") {
  Host host({}, closed(Offline::wait));
  Peer visitor(host);
  visitor.asks(hello("visitor v"));
  visitor.asks(open(kConversation, "billing"));
  const std::string opens_at = (ManualClock::kStart + 10h).to_string();
  CHECK(visitor.got("\"joined\"", "\"state\":\"queued\"", "\"opens_at\":\"" + opens_at) == 1);
  host.pass(2s);
  CHECK(visitor.got("\"queue\"", "\"opens_at\":\"" + opens_at) == 1);
  Peer again(host);
  again.asks(hello("visitor v"));
  CHECK(again.got("\"welcome\"", "\"opens_at\":\"" + opens_at) == 1);
}

TEST_CASE("where tickets are made of it, nobody is asked, and whoever takes it up answers there") {
  Host host({}, closed(Offline::ticket));
  Peer visitor(host), ann(host);
  ann.asks(hello("agent ann"));
  visitor.asks(hello("visitor v"));
  visitor.asks(open(kConversation, "billing"));
  CHECK(visitor.got("\"joined\"", "\"state\":\"resolved\"", "\"opens_at\"") == 1);
  CHECK(visitor.got("\"kind\":\"ticketed\"") == 1);
  visitor.asks(about("send", R"(,"cseq":1,"body":"call me")"));
  CHECK(visitor.got("\"ack\"") == 1);
  host.pass(300s);  // longer than close_after
  CHECK(visitor.got("\"kind\":\"closed\"") == 0);
  CHECK(ann.got("\"offer\"") == 0);
  ann.asks(R"({"type":"tickets","agent":""})");
  CHECK(ann.got("\"tickets\"", "\"department\":\"billing\"", std::string(kConversation)) == 1);
  ann.asks(about("accept"));
  CHECK(ann.got("\"joined\"", "\"state\":\"active\"") == 1);
  CHECK(ann.got("call me") == 1);
  ann.asks(about("send", R"(,"cseq":1,"body":"I will")"));
  CHECK(visitor.got("I will") == 1);
}

TEST_CASE("while it is open, tickets are not made") {
  Host host({}, closed(Offline::ticket));
  host.clock.advance(10h);
  Peer visitor(host);
  visitor.asks(hello("visitor v"));
  visitor.asks(open(kConversation, "billing"));
  CHECK(visitor.got("\"joined\"", "\"state\":\"queued\"") == 1);
  CHECK(visitor.got("opens_at") == 0);
}

}  // namespace
