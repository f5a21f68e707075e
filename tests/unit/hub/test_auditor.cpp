#include <kefu/auditor.hpp>

#include <doctest/doctest.h>

#include <kefu/audit/chain.hpp>
#include <kefu/login_guard.hpp>
#include <string>
#include <vector>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kSalt = "0123456789abcdef0123456789abcdef";

/// Keeps what would be written of each act.
struct Kept final : Auditor {
  void note(const Act& act) override { said.push_back(audit::fields_of(act, kSalt)); }

  /// How many have all of these.
  template <class... Text>
  [[nodiscard]] std::size_t got(Text... text) const {
    std::size_t count = 0;
    for (const std::string& line : said)
      count += ((line.find(text) != std::string::npos) && ...) ? 1 : 0;
    return count;
  }

  std::vector<std::string> said;
};

std::string digest_field(std::string_view name, std::string_view text) {
  return "\"" + std::string(name) + "\":\"" + audit::text_digest(kSalt, name, text) + "\"";
}

class DenyAll final : public Policy {
 public:
  void decide(const PolicyContext&, Instant, Completion<Verdict> done) override {
    done(Deny{"not here"});
  }
  [[nodiscard]] OnTimeout on_timeout() const override { return OnTimeout::deny; }
};

std::string send(std::uint64_t cseq, std::string_view kind = "text") {
  return R"({"type":"send",)" + in_conversation() + ",\"cseq\":" + std::to_string(cseq) +
         R"(,"kind":")" + std::string(kind) + R"(","body":"a secret"})";
}

TEST_CASE("a message that a policy denies is an act, once, without what it said") {
  Kept kept;
  Host host{{}, {}, &kept};
  host.hub.judge(std::make_unique<DenyAll>());
  Pair pair(host);
  pair.visitor.asks(send(1));
  pair.visitor.asks(send(1));
  REQUIRE(pair.visitor.got("\"denied\"", "\"cseq\":1") == 2);
  REQUIRE(kept.said.size() == 1);
  CHECK(kept.got(R"("act":"send_refused")", in_conversation(), R"("by":"v")", "\"cseq\":1,",
                 digest_field("reason", "not here"), R"("content":")") == 1);
  CHECK(kept.got("secret") == 0);
  CHECK(kept.got("not here") == 0);
}

TEST_CASE("a message that a rule denies is an act") {
  Kept kept;
  Host host{{}, {}, &kept};
  Pair pair(host);
  pair.visitor.asks(send(1, "assigned"));
  REQUIRE(pair.visitor.got("\"denied\"", "\"cseq\":1") == 1);
  REQUIRE(kept.said.size() == 1);
  CHECK(kept.got(R"("act":"send_refused")", R"("role":"visitor")") == 1);
  CHECK(kept.got("\"reason\"") == 0);
}

TEST_CASE("what is stored is no act, and neither is what never was about a conversation") {
  Kept kept;
  Host host{{}, {}, &kept};
  Pair pair(host);
  pair.visitor.asks(send(1));
  CHECK(pair.visitor.got("\"ack\"") == 1);
  pair.visitor.asks(send(7));
  CHECK(kept.said.empty());
}

TEST_CASE("bans that are set and lifted are acts, by whom and about whom") {
  Kept kept;
  Host host{{}, {}, &kept};
  Peer boss(host);
  boss.asks(hello("supervisor sue"));
  const std::string ban =
      R"({"type":"ban","ref":"b","participant":"v","until":"2100-01-01T00:00:00Z","reason":"rude"})";
  boss.asks(ban);
  boss.asks(ban);
  REQUIRE(boss.got("\"done\"") == 2);
  REQUIRE(kept.said.size() == 1);
  CHECK(kept.got(R"("act":"banned")", R"("by":"sue","participant":"v","until":"2100-01-01T)",
                 digest_field("reason", "rude")) == 1);
  const std::string lift = R"({"type":"lift","ref":"l","participant":"v"})";
  boss.asks(lift);
  boss.asks(lift);
  REQUIRE(kept.said.size() == 2);
  CHECK(kept.got(R"("act":"lifted")", R"("by":"sue","participant":"v")") == 1);
}

TEST_CASE("a ban of the host's is an act, its address a digest") {
  Kept kept;
  Host host{{}, {}, &kept};
  host.hub.ban({{}, "198.51.100.7", {}, {}, {}, {}}, [](const DeskOutcome&) {});
  host.loop.run_until_idle();
  host.hub.lift({}, "198.51.100.7", [](const DeskOutcome&) {});
  host.loop.run_until_idle();
  const std::string address = digest_field("address", "198.51.100.7");
  CHECK(kept.got(R"("act":"banned")", address) == 1);
  CHECK(kept.got(R"("act":"lifted")", address) == 1);
  CHECK(kept.got("\"by\"") == 0);
  CHECK(kept.got("198.51") == 0);
}

TEST_CASE("logins that fail, or are limited, are told together") {
  Kept kept;
  Host host{{}, {}, &kept};
  host.hub.authenticate(
      std::make_unique<LoginGuard>(std::make_unique<PlainTokens>(), host.loop, 3));
  Peer peer(host);
  peer.certificate = "CN=till-7";
  host.pass(1s);  // the first tick tells what there is
  for (int i = 0; i < 4; ++i) peer.asks(hello("wrong"));
  REQUIRE(peer.closed_for == errc::rate_limited);
  host.pass(11s);
  REQUIRE(kept.said.size() == 2);
  const std::string who =
      digest_field("network", "test") + "," + digest_field("subject", "CN=till-7") + R"(,"count":)";
  CHECK(kept.got(R"("act":"logins_refused")", R"("code":"unauthenticated",)" + who + "3") == 1);
  CHECK(kept.got(R"("act":"logins_refused")", R"("code":"rate_limited",)" + who + "1") == 1);
  host.pass(11s);
  CHECK(kept.said.size() == 2);
}

TEST_CASE("who is banned and comes back is told of") {
  Kept kept;
  Host host{{}, {}, &kept};
  host.hub.ban({"v", {}, {}, {}, {}, {}}, [](const DeskOutcome&) {});
  host.loop.run_until_idle();
  Peer peer(host);
  peer.asks(hello("visitor v"));
  REQUIRE(peer.closed_for == errc::denied);
  host.pass(11s);
  CHECK(kept.got(R"("code":"denied","rule":"banned","participant":"v")", R"("count":1)") == 1);
}

TEST_CASE("what was counted is told before the hub ends") {
  Kept kept;
  {
    Host host{{}, {}, &kept};
    Peer peer(host);
    peer.asks(hello("wrong"));
  }
  CHECK(kept.got(R"("act":"logins_refused")", R"("count":1)") == 1);
}

TEST_CASE("without an auditor all of it goes as before") {
  Host host;
  host.hub.judge(std::make_unique<DenyAll>());
  Pair pair(host);
  pair.visitor.asks(send(1));
  CHECK(pair.visitor.got("\"denied\"") == 1);
  host.hub.ban({"v", {}, {}, {}, {}, {}}, [](const DeskOutcome&) {});
  host.loop.run_until_idle();
  CHECK(pair.visitor.closed_for == errc::denied);
  Peer peer(host);
  peer.asks(hello("wrong"));
  CHECK(peer.got("unauthenticated") == 1);
  host.pass(11s);
}

}  // namespace
