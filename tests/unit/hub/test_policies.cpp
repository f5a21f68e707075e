#include <doctest/doctest.h>

#include <functional>
#include <map>

#include "host.hpp"

namespace {

using namespace kefu;
using namespace kefu::testing;

/// Answers at once where the body says so, else when it is told to.
class Script final : public Policy {
 public:
  explicit Script(OnTimeout on_timeout = OnTimeout::allow) : on_timeout_(on_timeout) {}

  void decide(const PolicyContext& context, Instant deadline, Completion<Verdict> done) override {
    seen.push_back(std::string(context.body));
    peer = context.peer;
    visitor = context.conversation.visitor;
    until = deadline;
    if (context.body == "deny") return done(Deny{"not here"});
    if (context.body == "rewrite") return done(Rewrite{"rewritten body"});
    if (context.body == "flag") return done(Flag{"spam"});
    if (context.body.starts_with("later")) {
      waiting[std::string(context.body)] = std::move(done);
      return;
    }
    done(Allow{});
  }
  [[nodiscard]] OnTimeout on_timeout() const override { return on_timeout_; }

  void say(const std::string& body, Verdict verdict) {
    waiting.at(body)(std::move(verdict));
    waiting.erase(body);
  }

  std::vector<std::string> seen;
  std::map<std::string, Completion<Verdict>> waiting;
  std::string peer, visitor;
  Instant until;

 private:
  const OnTimeout on_timeout_;
};

struct Judged {
  explicit Judged(OnTimeout on_timeout = OnTimeout::allow) {
    auto made = std::make_unique<Script>(on_timeout);
    policy = made.get();
    host.hub.judge(std::move(made));
    pair.emplace(host);
  }

  void send(std::uint64_t cseq, std::string_view body) {
    pair->visitor.asks(R"({"type":"send",)" + in_conversation() + ",\"cseq\":" +
                       std::to_string(cseq) + R"(,"body":")" + std::string(body) + "\"}");
  }
  void say(const std::string& body, Verdict verdict) {
    policy->say(body, std::move(verdict));
    host.loop.run_until_idle();
  }
  static std::string cseq(std::uint64_t number) {
    return "\"cseq\":" + std::to_string(number) + ",";
  }

  Host host;
  Script* policy = nullptr;
  std::optional<Pair> pair;
};

TEST_CASE("a policy sees who, where, what and until when") {
  Judged judged;
  judged.send(1, "hello");
  CHECK(judged.policy->seen == std::vector<std::string>{"hello"});
  CHECK(judged.policy->visitor == "v");
  CHECK(judged.policy->peer == "test");
  CHECK(judged.policy->until == judged.host.loop.now() + limits{}.policy_deadline);
  CHECK(judged.pair->visitor.got("\"ack\"") == 1);
  CHECK(judged.pair->agent.got("\"entry\"", "hello") == 1);
}

TEST_CASE("a denied send is told with its reason, consumes its cseq, and stays denied") {
  Judged judged;
  judged.send(1, "deny");
  CHECK(judged.pair->visitor.got("\"denied\"", "not here", "\"cseq\":1") == 1);
  judged.send(2, "hello");
  CHECK(judged.pair->visitor.got("\"ack\"", "\"cseq\":2") == 1);
  judged.send(1, "deny");
  CHECK(judged.pair->visitor.got("\"denied\"", "\"cseq\":1") == 2);
  CHECK(judged.policy->seen.size() == 2);  // a retry is not judged again
  CHECK(judged.pair->agent.got("\"entry\"", "deny") == 0);
}

TEST_CASE("a rewritten send comes back to its sender as an entry that says so") {
  Judged judged;
  judged.send(1, "rewrite");
  Peer& visitor = judged.pair->visitor;
  CHECK(visitor.got("\"ack\"", "\"stands\":false") == 1);
  CHECK(visitor.got("\"entry\"", "rewritten body", "\"origin\"", "\"tags\":\"rewritten\"") == 1);
  CHECK(judged.pair->agent.got("\"entry\"", "rewritten body", "\"tags\":\"rewritten\"") == 1);
  judged.send(1, "rewrite");
  CHECK(visitor.got("\"ack\"", "\"stands\":false") == 2);
  CHECK(visitor.got("\"conflict\"") == 0);
  judged.send(1, "rewritten body");
  CHECK(visitor.got("\"conflict\"") == 1);
}

TEST_CASE("flags are for staff") {
  Judged judged;
  judged.send(1, "flag");
  CHECK(judged.pair->visitor.got("\"ack\"") == 1);
  CHECK(judged.pair->visitor.got("spam") == 0);
  CHECK(judged.pair->agent.got("\"entry\"", "\"tags\":\"spam\"") == 1);
  judged.pair->visitor.asks(R"({"type":"history",)" + in_conversation() + ",\"after\":0}");
  judged.pair->agent.asks(R"({"type":"history",)" + in_conversation() + ",\"after\":0}");
  CHECK(judged.pair->visitor.got("spam") == 0);
  CHECK(judged.pair->agent.got("\"history\"", "\"tags\":\"spam\"") == 1);
}

TEST_CASE("verdicts out of order are released in order, and the sender never hears of it") {
  Judged judged;
  Peer& visitor = judged.pair->visitor;
  judged.send(1, "later 1");
  judged.send(2, "later 2");
  judged.send(3, "at once");
  judged.say("later 2", Allow{});
  CHECK(visitor.got("\"ack\"") == 0);
  judged.say("later 1", Allow{});
  CHECK(visitor.got("\"ack\"", "\"cseq\":3", "\"count\":3") == 1);
  CHECK(visitor.got("\"gap\"") == 0);
}

TEST_CASE("a refusal behind a send under judgement waits for it") {
  Judged judged;
  judged.send(1, "later 1");
  judged.pair->visitor.asks(R"({"type":"note",)" + in_conversation() + R"(,"cseq":2,"body":"x"})");
  CHECK(judged.pair->visitor.got("\"error\"") == 0);
  judged.say("later 1", Allow{});
  CHECK(judged.pair->visitor.got("\"ack\"", "\"cseq\":1") == 1);
  CHECK(judged.pair->visitor.got("\"denied\"", "\"cseq\":2") == 1);
}

TEST_CASE("at the deadline the declared verdict stands") {
  for (const OnTimeout rule : {OnTimeout::allow, OnTimeout::deny}) {
    Judged judged(rule);
    judged.send(1, "later 1");
    judged.host.loop.advance(limits{}.policy_deadline);
    judged.host.loop.run_until_idle();
    CHECK(judged.pair->visitor.got("\"ack\"") == (rule == OnTimeout::allow ? 1 : 0));
    CHECK(judged.pair->visitor.got("\"denied\"") == (rule == OnTimeout::deny ? 1 : 0));
    judged.say("later 1", Rewrite{"too late"});
    CHECK(judged.pair->agent.got("too late") == 0);
  }
}

TEST_CASE("a verdict that waits until behind the deadline in a loop that stood still is too late") {
  Judged judged(OnTimeout::deny);
  judged.send(1, "later 1");
  judged.policy->say("later 1", Allow{});  // it is posted, and nothing runs
  judged.host.loop.advance_to(judged.host.loop.now() + limits{}.policy_deadline);
  judged.host.loop.run_until_idle();
  CHECK(judged.pair->visitor.got("\"denied\"", "\"cseq\":1") == 1);
  CHECK(judged.pair->agent.got("later 1") == 0);
}

TEST_CASE("a retry on another connection joins the draft under judgement") {
  Judged judged;
  const std::string session = [&] {
    const std::string& welcome = judged.pair->visitor.frames.front();
    return welcome.substr(welcome.find("\"session\":\"") + 11, 36);
  }();
  judged.send(1, "later 1");
  Peer again(judged.host);
  again.asks(R"({"type":"hello","token":"visitor v","session":")" + session + R"(","epoch":9})");
  again.asks(R"({"type":"send",)" + in_conversation() + R"(,"cseq":1,"body":"later 1"})");
  CHECK(judged.policy->seen.size() == 1);
  judged.say("later 1", Allow{});
  CHECK(again.got("\"ack\"", "\"cseq\":1") == 1);
  HubStats stats;
  judged.host.hub.stats([&](HubStats now) { stats = now; });
  judged.host.loop.run_until_idle();
  CHECK(stats.pending_drafts == 0);
}

TEST_CASE("each policy judges what the one before it left") {
  Host host;
  auto first = std::make_unique<Script>();
  auto second = std::make_unique<Script>(OnTimeout::deny);
  Script* const asked_last = second.get();
  host.hub.judge(std::move(first));
  host.hub.judge(std::move(second));
  Pair pair(host);
  pair.visitor.asks(R"({"type":"send",)" + in_conversation() + R"(,"cseq":1,"body":"rewrite"})");
  CHECK(asked_last->seen == std::vector<std::string>{"rewritten body"});
  pair.visitor.asks(R"({"type":"send",)" + in_conversation() + R"(,"cseq":2,"body":"deny"})");
  CHECK(asked_last->seen.size() == 1);
}

}  // namespace
