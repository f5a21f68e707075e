#include <kefu/hub.hpp>

#include <doctest/doctest.h>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

std::string send(std::string_view body, int cseq = 1) {
  return R"({"type":"send",)" + in_conversation() + ",\"cseq\":" + std::to_string(cseq) +
         R"(,"body":")" + std::string(body) + "\"}";
}
std::string recall(std::uint64_t seq, std::string_view more = "") {
  return R"({"type":"recall","ref":"k",)" + in_conversation() + std::string(more) +
         ",\"seq\":" + std::to_string(seq) + "}";
}
/// The last answer to a recall has these.
template <class... Text>
bool answered(const Peer& peer, Text... text) {
  for (auto frame = peer.frames.rbegin(); frame != peer.frames.rend(); ++frame) {
    if (frame->find("\"ref\":\"k\"") != std::string::npos)
      return ((frame->find(text) != std::string::npos) && ...);
  }
  return false;
}

TEST_CASE("a recalled message is gone for those who read and for those who come later") {
  Host host;
  Pair pair(host);
  pair.visitor.asks(send("my password"));  // 3, behind `opened` and `assigned`
  REQUIRE(pair.agent.got("my password") == 1);
  pair.visitor.asks(recall(3));
  CHECK(answered(pair.visitor, "\"done\""));
  for (const Peer* const reader : {&pair.visitor, &pair.agent})
    CHECK(reader->got("\"kind\":\"recalled\"", "\"body\":\"3\"", "\"seq\":4") == 1);

  Peer later(host);
  later.asks(hello("agent a"));
  CHECK(later.got("my password") == 0);
  CHECK(later.got("\"seq\":3", R"("tags":"rewritten,recalled")", "\"body\":\"\"") == 1);
  CHECK(later.got("\"kind\":\"recalled\"") == 1);

  pair.visitor.asks(recall(3));  // a retry, even one that comes late
  CHECK(answered(pair.visitor, "\"done\""));
  host.pass(10min);
  pair.visitor.asks(recall(3));
  CHECK(answered(pair.visitor, "\"done\""));
  CHECK(pair.agent.got("\"kind\":\"recalled\"") == 1);
  pair.visitor.asks(send("my password"));  // its ack was lost
  CHECK(pair.visitor.got("\"ack\"", "\"seq\":3", "\"stands\":false") == 1);
}

TEST_CASE("each refusal of a recall names its rule") {
  Host host;
  Pair pair(host);
  Peer stranger(host);
  stranger.asks(hello("agent stranger"));
  pair.visitor.asks(send("hello"));
  pair.agent.asks(recall(3));
  CHECK(answered(pair.agent, "\"denied\"", "\"rule\":\"author\""));
  pair.visitor.asks(recall(1));
  CHECK(answered(pair.visitor, "\"conflict\"", "\"rule\":\"message\""));
  pair.visitor.asks(recall(4));
  CHECK(answered(pair.visitor, "\"not_found\"", "\"rule\":\"exists\""));
  stranger.asks(recall(3));
  CHECK(answered(stranger, "\"not_found\"", "\"rule\":\"exists\""));
  pair.visitor.asks(recall(3, R"(,"log":"internal")"));
  CHECK(answered(pair.visitor, "\"not_found\""));
  host.pass(2min);
  pair.visitor.asks(recall(3));
  CHECK(answered(pair.visitor, "\"conflict\"", "\"rule\":\"too_late\""));
  CHECK(pair.agent.got("\"kind\":\"recalled\"") == 0);
}

TEST_CASE("a note is recalled in its own log") {
  Host host;
  Pair pair(host);
  pair.agent.asks(R"({"type":"note",)" + in_conversation() + R"(,"cseq":1,"body":"psst"})");
  pair.agent.asks(recall(1, R"(,"log":"internal")"));
  CHECK(answered(pair.agent, "\"done\""));
  CHECK(pair.agent.got("\"kind\":\"recalled\"", "\"log\":\"internal\"") == 1);
  CHECK(pair.visitor.got("recalled") == 0);
}

TEST_CASE("supervisors recall where they may, and the host always") {
  for (const bool may : {false, true}) {
    DeskOptions desk;
    desk.supervisors_recall = may;
    Host host({}, desk);
    Pair pair(host);
    Peer supervisor(host);
    supervisor.asks(hello("supervisor s"));
    pair.visitor.asks(send("rude"));
    host.pass(10min);
    supervisor.asks(recall(3));
    CHECK(answered(supervisor, "\"done\"") == may);
    std::optional<DeskOutcome> outcome;
    RecallRequest request{*ConversationId::parse(kConversation), Log::public_log, 3};
    host.hub.recall(request, [&](DeskOutcome told) { outcome = std::move(told); });
    host.loop.run_until_idle();
    REQUIRE(outcome);
    CHECK(outcome->code == errc::ok);
    CHECK(outcome->changed != may);
    CHECK(pair.agent.got("\"kind\":\"recalled\"") == 1);
  }
}

/// Says of the first commit with a redaction that nobody knows; it is stored all the same.
class Forgetful final : public StoreWrapper {
 public:
  using StoreWrapper::StoreWrapper;
  void commit(Commit commit, Completion<result<Committed>> done) override {
    if (commit.redactions.empty() || std::exchange(forgot, true))
      return inner().commit(std::move(commit), std::move(done));
    inner().commit(std::move(commit),
                   [done = std::move(done)](result<Committed>) mutable { done(errc::timed_out); });
  }
  bool forgot = false;
};

TEST_CASE("a recall whose outcome is unknown is told once") {
  ManualClock clock;
  memory::Store memory(clock);
  Forgetful store(memory);
  ManualExecutor loop;
  HubOptions options;
  options.clock = &clock;
  Hub hub({&loop}, store, std::move(options));
  hub.authenticate(std::make_unique<PlainTokens>());
  Peer visitor(hub, loop);
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  visitor.asks(send("hello"));
  visitor.asks(recall(2));
  CHECK(store.forgot);
  CHECK(answered(visitor, "\"done\""));
  CHECK(visitor.got("\"kind\":\"recalled\"") == 1);
  visitor.leaves();
}

}  // namespace
