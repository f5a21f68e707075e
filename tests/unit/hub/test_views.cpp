#include <kefu/session.hpp>

#include <doctest/doctest.h>

#include <vector>

#include "unit/hub/host.hpp"

using namespace kefu;
using namespace kefu::testing;

namespace {

std::vector<SessionView> sessions_of(Host& host, const std::string& participant) {
  std::vector<SessionView> out;
  host.hub.sessions_of(participant, [&](std::vector<SessionView> all) { out = std::move(all); });
  host.loop.run_until_idle();
  return out;
}

result<SessionView> session(Host& host, SessionId id) {
  result<SessionView> out = errc::unavailable;
  host.hub.session(id, [&](result<SessionView> one) { out = std::move(one); });
  host.loop.run_until_idle();
  return out;
}

}  // namespace

TEST_CASE("a host sees the attached sessions of a participant, and each by its id") {
  Host host;
  Peer first(host), second(host), other(host), unknown(host);
  first.link = LinkQuality{Nanoseconds(7), Nanoseconds(2), 3};
  second.certificate = "CN=v";
  first.asks(hello("visitor v"));
  second.asks(hello("visitor v"));
  other.asks(hello("agent a"));
  const std::vector<SessionView> all = sessions_of(host, "v");
  REQUIRE(all.size() == 2);
  CHECK(all[0].id != all[1].id);
  for (const SessionView& each : all) {
    CHECK(each.participant == Participant{"v", Role::visitor});
    CHECK(each.address == "test");
    const result<SessionView> one = session(host, each.id);
    REQUIRE(one);
    CHECK(one->subject == each.subject);
    CHECK(each.quality.has_value() == each.subject.empty());
    if (!each.quality) continue;
    CHECK(each.quality->round_trip == Nanoseconds(7));
    CHECK(each.quality->retransmits == 3);
  }
  CHECK(sessions_of(host, "a").size() == 1);
  CHECK(sessions_of(host, "nobody").empty());

  first.leaves();
  second.leaves();
  CHECK(sessions_of(host, "v").empty());
  CHECK(session(host, all[0].id).error() == errc::session_gone);
}

TEST_CASE("an authenticator is told the address and the certificate of whoever comes") {
  Host host;
  Peer plain(host), known(host);
  known.certificate = "CN=alice,O=Example";
  plain.asks(hello("visitor v"));
  known.asks(hello("agent alice"));
  known.asks(R"({"type":"token","token":"agent alice"})");
  const Callers expected{
      {"test", ""}, {"test", "CN=alice,O=Example"}, {"test", "CN=alice,O=Example"}};
  CHECK(host.callers == expected);
}
