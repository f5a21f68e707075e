#include <kefu/event_sink.hpp>

#include <doctest/doctest.h>

#include <functional>

#include "host.hpp"

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

namespace {

std::string say(int cseq, std::string_view body) {
  return R"({"type":"send",)" + in_conversation() + R"(,"cseq":)" + std::to_string(cseq) +
         R"(,"body":")" + std::string(body) + "\"}";
}

struct Heard {
  std::vector<std::string> bodies;  // of messages
  std::size_t calls = 0;
  errc answer = errc::ok;
};

class Listener final : public EventSink {
 public:
  explicit Listener(Heard& heard) : heard_(heard) {}
  void deliver(const EventBatch& batch, Completion<errc> done) override {
    ++heard_.calls;
    if (heard_.answer == errc::ok) {
      for (const Event& event : batch.events) {
        if (event.entry.kind == kind::kText) heard_.bodies.push_back(event.entry.body);
      }
    }
    done(heard_.answer);
  }

 private:
  Heard& heard_;
};

using Bodies = std::vector<std::string>;

/// Refuses one body.
class Picky final : public EventSink {
 public:
  explicit Picky(std::string& refused, Bodies& heard) : refused_(refused), heard_(heard) {}
  void deliver(const EventBatch& batch, Completion<errc> done) override {
    const Entry& entry = batch.events.front().entry;
    if (entry.body == refused_) return done(errc::unavailable);
    if (entry.kind == kind::kText) {
      heard_.push_back(entry.body);
      if (batch.follows_dead_letter) heard_.back() += " (marked)";
      if (batch.replayed) heard_.back() += " (again)";
    }
    done(errc::ok);
  }

 private:
  std::string& refused_;
  Bodies& heard_;
};

TEST_CASE("a sink gets every entry in order, those too that were stored before it came") {
  limits bounds;
  bounds.sink_batch = 2;
  Host host(bounds);
  Pair pair(host);
  pair.visitor.asks(say(1, "one"));
  Heard heard;
  host.hub.deliver("bills", std::make_unique<Listener>(heard));
  host.pass(1s);
  pair.visitor.asks(say(2, "two"));
  pair.agent.asks(say(1, "three"));
  host.pass(1s);
  CHECK(heard.bodies == Bodies{"one", "two", "three"});
  const std::size_t calls = heard.calls;
  host.pass(20s);
  CHECK(heard.calls == calls);  // nothing comes twice
}

TEST_CASE("a sink that fails is tried again, ever later, and misses nothing") {
  Host host;
  Heard heard;
  heard.answer = errc::unavailable;
  host.hub.deliver("bills", std::make_unique<Listener>(heard));
  Pair pair(host);
  pair.visitor.asks(say(1, "one"));
  host.pass(60s);
  CHECK(heard.calls > 3);
  CHECK(heard.calls < 60);
  heard.answer = errc::ok;
  host.pass(61s);
  CHECK(heard.bodies == Bodies{"one"});
}

TEST_CASE(
    "a sink gives up what always fails, marks what follows it, and gets it again by a replay") {
  Host host;
  std::string refused = "poison";
  Bodies heard;
  host.hub.deliver("bills", std::make_unique<Picky>(refused, heard), {true, 1, 4, 3, {}});
  Pair pair(host);
  pair.visitor.asks(say(1, "one"));
  pair.visitor.asks(say(2, "poison"));
  pair.visitor.asks(say(3, "three"));
  host.pass(30s);
  CHECK(heard == Bodies{"one", "three (marked)"});

  std::vector<std::uint64_t> replayed;
  const auto replay = [&](std::string_view sink) {
    errc code = errc::ok;
    host.hub.replay(sink, [&](result<Replayed> outcome) {
      code = outcome ? errc::ok : outcome.error();
      if (outcome) replayed = {outcome->delivered, outcome->kept};
    });
    host.pass(2s);
    return code;
  };
  CHECK(replay("other") == errc::not_found);
  CHECK(replay("bills") == errc::ok);
  CHECK(replayed == std::vector<std::uint64_t>{0, 1});
  refused.clear();
  CHECK(replay("bills") == errc::ok);
  CHECK(replayed == std::vector<std::uint64_t>{1, 0});
  CHECK(heard.back() == "poison (marked) (again)");
  CHECK(replay("bills") == errc::ok);
  CHECK(replayed == std::vector<std::uint64_t>{0, 0});
  pair.visitor.asks(say(4, "four"));
  host.pass(2s);
  CHECK(heard.back() == "four");
}

TEST_CASE("a retry tells neither what was recalled nor what was erased") {
  for (const bool by_conversation : {false, true}) {
    CAPTURE(by_conversation);
    Host host;
    Heard heard;
    heard.answer = errc::unavailable;
    host.hub.deliver("bills", std::make_unique<Listener>(heard), {by_conversation, 0, 1, 0, {}});
    Pair pair(host);
    pair.visitor.asks(say(1, "my password"));
    pair.agent.asks(say(1, "an answer"));
    host.pass(5s);
    CHECK(heard.calls > 1);
    pair.visitor.asks(R"({"type":"recall",)" + in_conversation() + R"(,"seq":3})");
    heard.answer = errc::ok;
    host.pass(61s);
    CHECK(heard.bodies == Bodies{"", "an answer"});
    heard.answer = errc::unavailable;
    pair.visitor.asks(say(2, "my name"));
    host.pass(5s);
    host.hub.erase("v", [](result<std::uint64_t> count) { CHECK(count); });
    heard.answer = errc::ok;
    host.pass(61s);
    CHECK(heard.bodies == Bodies{"", "an answer", ""});
  }
}

TEST_CASE("a conversation that fails and goes on talking does not hold back the others") {
  limits bounds;
  bounds.sink_window = 8;
  Host host(bounds);
  std::string refused = "poison";
  Bodies heard;
  host.hub.deliver("bills", std::make_unique<Picky>(refused, heard), {true, 1, 4, 0, {}});
  Pair pair(host);
  pair.visitor.asks(say(1, "poison"));
  for (int i = 2; i <= 20; ++i) pair.visitor.asks(say(i, "behind it"));
  Peer other(host);
  other.asks(hello("visitor w"));
  constexpr std::string_view kOther = "0199c1d2-0000-7000-8000-000000000002";
  other.asks(open(kOther));
  other.asks(R"({"type":"send",)" + in_conversation(kOther) + R"(,"cseq":1,"body":"elsewhere"})");
  host.pass(10s);
  CHECK(heard == Bodies{"elsewhere"});
  refused.clear();
  host.pass(70s);
  REQUIRE(heard.size() == 21);
  CHECK(heard[1] == "poison");
  CHECK(std::ranges::count(heard, "behind it") == 19);
}

TEST_CASE("of two nodes one delivers, and the other goes on when it is gone") {
  ManualClock clock;
  memory::Store store(clock);
  ManualExecutor loop;
  Heard first_heard, second_heard;
  const auto hub = [&](Heard& heard) {
    HubOptions options;
    options.clock = &clock;
    auto made = std::make_unique<Hub>(std::vector<Executor*>{&loop}, store, std::move(options));
    made->authenticate(std::make_unique<PlainTokens>());
    made->deliver("bills", std::make_unique<Listener>(heard));
    return made;
  };
  const auto pass = [&](int seconds) {
    for (int i = 0; i < seconds; ++i) {
      clock.advance(1s);
      loop.advance(1s);
    }
  };
  auto first = hub(first_heard);
  pass(1);
  const auto second = hub(second_heard);
  Peer visitor(*second, loop);
  visitor.asks(hello("visitor v"));
  visitor.asks(open());
  visitor.asks(say(1, "one"));
  pass(5);
  CHECK(first_heard.bodies == Bodies{"one"});
  CHECK(second_heard.calls == 0);
  first.reset();
  visitor.asks(say(2, "two"));
  pass(20);
  CHECK(second_heard.bodies == Bodies{"two"});
}

}  // namespace
