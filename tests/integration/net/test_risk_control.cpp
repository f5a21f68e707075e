// A risk-control service that is slow, dead or lying: what was declared stands in time, the breaker
// opens, and closes when the service is well again.
#include <kefu/net/risk_control.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "integration/net/host.hpp"

using namespace kefu;
using namespace kefu::net;
using namespace kefu::net::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds kDeadline{200};
/// Of a loaded machine, beyond the deadline.
constexpr std::chrono::seconds kGrace{5};

std::size_t count_drafts(std::string_view body) {
  std::size_t count = 0;
  for (std::size_t at = body.find("\"body\""); at != std::string_view::npos;
       at = body.find("\"body\"", at + 1))
    ++count;
  return count;
}

http::Response json(std::string body) {
  http::Response response;
  response.set("Content-Type", "application/json").body = std::move(body);
  return response;
}

std::string verdicts(std::size_t count, const std::string& each) {
  std::string out = "{\"verdicts\":[";
  for (std::size_t i = 0; i < count; ++i) out += (i == 0 ? "" : ",") + each;
  return out + "]}";
}

/// The service, which behaves as it is told.
struct Service {
  enum class Mood { well, slow, lying, failing };

  explicit Service(std::uint16_t port = 0) : server(loops, {.port = port}) {
    server.router().add("POST", "/judge", [this](const Request& request) {
      ++requests;
      drafts += count_drafts(request.body);
      if (request.head.find("Authorization").value_or("") != "Bearer x") ++strangers;
      return answer(count_drafts(request.body));
    });
    server.start(acceptor);
    thread = std::thread([this] { loops.run(); });
  }
  ~Service() {
    loops.stop();
    thread.join();
  }

  http::Response answer(std::size_t count) {
    switch (mood.load()) {
      case Mood::slow: {
        http::Response response;
        response.later = [this](Completion<http::Response> done) {
          Executor& executor = *loops.executors()[0];
          executor.post_at(executor.now() + 10 * kDeadline,
                           [done = std::move(done)]() mutable { done(json("{\"verdicts\":[]}")); });
        };
        return response;
      }
      case Mood::lying:
        return json(verdicts(count + 1, R"({"verdict":"deny"})"));
      case Mood::failing:
        return http::text_response(500);
      case Mood::well:
        break;
    }
    return json(verdicts(count, R"({"verdict":"flag","tag":"seen"})"));
  }

  Recorder recorder;
  EchoAcceptor acceptor{recorder};  // nobody comes
  Loops loops;
  Server server;
  std::thread thread;
  std::atomic<Mood> mood{Mood::well};
  std::atomic<std::size_t> requests{0}, drafts{0}, strangers{0};
};

RiskControlOptions options_for(std::uint16_t port, OnTimeout on_timeout = OnTimeout::deny,
                               Nanoseconds deadline = kPatience) {
  RiskControlOptions options;
  options.url = "http://127.0.0.1:" + std::to_string(port) + "/judge";
  options.authorization = "Bearer x";
  options.on_timeout = on_timeout;
  options.deadline = deadline;
  options.breaker = {3, 50ms, 50ms, 100ms};
  return options;
}

/// A policy on a loop of its own, and what it says.
struct Asker {
  explicit Asker(RiskControlOptions options) {
    policy = std::make_unique<RiskControl>(loops, std::move(options));
    thread = std::thread([this] { loops.run(); });
  }
  ~Asker() {
    policy.reset();
    loops.stop();
    thread.join();
  }

  std::future<Verdict> ask(std::string_view body) {
    auto promise = std::make_shared<std::promise<Verdict>>();
    policy->decide({"ann", Role::visitor, conversation, "::1", Log::public_log, "text", body}, {},
                   [promise](Verdict verdict) { promise->set_value(std::move(verdict)); });
    return promise->get_future();
  }
  Verdict say(std::string_view body = "hello") {
    std::future<Verdict> verdict = ask(body);
    REQUIRE(verdict.wait_for(kPatience) == std::future_status::ready);
    return verdict.get();
  }
  /// Asks until the service has a say again.
  void await_recovery() {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!seen(say())) REQUIRE(std::chrono::steady_clock::now() < until);
    CHECK_FALSE(policy->stats().open);
  }
  static bool seen(const Verdict& verdict) {
    const auto* const flag = std::get_if<Flag>(&verdict);
    return flag && flag->tag == "seen";
  }
  static bool denied(const Verdict& verdict) { return std::holds_alternative<Deny>(verdict); }

  Loops loops;
  Conversation conversation;
  std::unique_ptr<RiskControl> policy;
  std::thread thread;
};

}  // namespace

TEST_CASE("risk control: what comes together goes in few requests, on connections that are kept") {
  Service service;
  Asker asker(options_for(service.server.port()));
  CHECK(Asker::seen(asker.say()));
  std::vector<std::future<Verdict>> asked;
  std::promise<void> all_asked;
  // While the loop is busy, as it is in a turn.
  asker.loops.executors()[0]->post([&] { all_asked.get_future().wait(); });
  for (int i = 0; i < 200; ++i) asked.push_back(asker.ask("hello"));
  all_asked.set_value();
  for (auto& one : asked) CHECK(Asker::seen(one.get()));
  CHECK(service.drafts == 201);
  CHECK(service.requests <= 1 + 5);  // 64 at a time; some may have come before the loop was busy
  CHECK(service.strangers == 0);
  CHECK(service.server.connections() <= 4);
  const RiskControlStats stats = asker.policy->stats();
  CHECK(stats.judged == 201);
  CHECK(stats.requests == service.requests);
  CHECK(stats.request_ns > 0);
  std::string text;
  write_prometheus(stats, text);
  CHECK(text.find("kefu_risk_control_drafts_total{outcome=\"judged\"} 201\n") != std::string::npos);
}

TEST_CASE("risk control: a slow service costs no more than the deadline, and then nothing") {
  Service service;
  service.mood = Service::Mood::slow;
  Asker asker(options_for(service.server.port(), OnTimeout::deny, kDeadline));
  for (int i = 0; i < 3; ++i) {
    const auto before = std::chrono::steady_clock::now();
    CHECK(Asker::denied(asker.say()));
    CHECK(std::chrono::steady_clock::now() - before < kDeadline + kGrace);
    // The next request is one of its own.
    while (asker.policy->stats().requests < static_cast<std::uint64_t>(i) + 1)
      std::this_thread::yield();
  }
  // It is counted a moment before the breaker hears of it.
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (!asker.policy->stats().open) REQUIRE(std::chrono::steady_clock::now() < until);
  CHECK(asker.policy->stats().timed_out + asker.policy->stats().failed == 3);
  const std::size_t before = service.requests;
  CHECK(Asker::denied(asker.say()));
  CHECK(service.requests <= before + 1);  // a probe, if the pause was over
  service.mood = Service::Mood::well;
  asker.await_recovery();
}

TEST_CASE("risk control: of a lying or a failing service nothing is believed") {
  for (const auto mood : {Service::Mood::lying, Service::Mood::failing}) {
    Service service;
    service.mood = mood;
    Asker asker(options_for(service.server.port(), OnTimeout::allow));
    for (int i = 0; i < 3; ++i) CHECK(std::get<Flag>(asker.say()).tag == RiskControl::kUnjudged);
    CHECK(asker.policy->stats().open);
    CHECK(asker.policy->stats().judged == 0);
    CHECK(std::get<Flag>(asker.say()).tag == RiskControl::kUnjudged);
    service.mood = Service::Mood::well;
    asker.await_recovery();
  }
}

TEST_CASE("risk control: a dead service, which comes back") {
  std::optional<Service> service(std::in_place);
  const std::uint16_t port = service->server.port();
  Asker asker(options_for(port));
  CHECK(Asker::seen(asker.say()));
  service.reset();
  for (int i = 0; i < 3; ++i) CHECK(Asker::denied(asker.say()));
  CHECK(asker.policy->stats().open);
  CHECK(Asker::denied(asker.say()));
  CHECK(asker.policy->stats().judged == 1);
  service.emplace(port);
  asker.await_recovery();
}

TEST_CASE("risk control: what is too much is answered at once") {
  Service service;
  service.mood = Service::Mood::slow;
  RiskControlOptions options = options_for(service.server.port());
  options.max_waiting = 10;
  options.connections = 1;
  options.batch = 1;
  Asker asker(std::move(options));
  std::vector<std::future<Verdict>> asked;
  for (int i = 0; i < 100; ++i) asked.push_back(asker.ask("hello"));
  std::size_t answered = 0;
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (answered < 89 && std::chrono::steady_clock::now() < until) {
    answered = 0;
    for (auto& one : asked) answered += one.wait_for(0s) == std::future_status::ready ? 1 : 0;
  }
  CHECK(answered >= 89);  // one request carries one, ten wait
  CHECK(asker.policy->stats().overloaded >= 89);
  asker.policy.reset();  // and the rest is settled when it goes
  for (auto& one : asked) CHECK(Asker::denied(one.get()));
}

TEST_CASE("risk control: what makes no sense is refused") {
  Loops loops;
  RiskControlOptions options;
  options.url = "ftp://127.0.0.1/";
  CHECK_THROWS_AS((RiskControl{loops, options}), std::invalid_argument);
  options = options_for(1);
  options.batch = 0;
  CHECK_THROWS_AS((RiskControl{loops, options}), std::invalid_argument);
}
