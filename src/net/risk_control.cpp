#include <kefu/net/risk_control.hpp>

#include <fmt/format.h>
#include <kefu/core/inquiry.hpp>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <random>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/http_client.hpp"
#include "net/loop.hpp"
#include "net/risk_messages.hpp"

namespace kefu::inline v0::net {
namespace {

namespace fx = core::inquiry_effect;

constexpr int kOk = 200;

RiskControlOptions checked(RiskControlOptions options) {
  if (options.batch == 0 || options.connections == 0 || options.max_waiting == 0 ||
      options.deadline.count() <= 0 || options.breaker.failures == 0)
    throw std::invalid_argument("risk control: a bound of 0");
  return options;
}

HttpClientOptions client_options(const RiskControlOptions& options) {
  HttpClientOptions out;
  out.allow_private = options.allow_private;
  out.roots = options.roots;
  out.timeout = options.deadline;
  out.max_response = options.max_response;
  out.connections = options.connections;
  return out;
}

core::Inquiry::Terms terms_of(const RiskControlOptions& options) {
  return {options.batch, options.connections, options.max_waiting, options.breaker};
}

std::uint64_t random_seed() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

std::uint64_t& count_of(RiskControlStats& stats, fx::Unjudged::Why why) {
  using Why = fx::Unjudged::Why;
  switch (why) {
    case Why::timed_out:
      return stats.timed_out;
    case Why::overloaded:
      return stats.overloaded;
    case Why::skipped:
      return stats.skipped;
    case Why::failed:
      break;
  }
  return stats.failed;
}

struct Question {
  std::string draft;
  Instant due;
  Completion<Verdict> done;
};

}  // namespace

/// Shared with what was posted to the loop. All but decide() and the figures is the loop's.
struct RiskControl::Impl : std::enable_shared_from_this<Impl> {
  Impl(Loop& on, RiskControlOptions given)
      : loop(on),
        options(checked(std::move(given))),
        url(parse_url(options.url, "http")),
        inquiry(terms_of(options), random_seed()),
        client(std::make_unique<HttpClient>(loop.context(), url, client_options(options))) {}

  void decide(Question question);
  void take();
  void carry_out(std::vector<Verdict> verdicts = {});
  void request(const fx::Request& what);
  void on_reply(std::uint64_t number, std::size_t drafts, Instant sent, result<HttpReply> reply);
  void settle(std::uint64_t draft, Verdict verdict);
  [[nodiscard]] Verdict declared() const;
  void arm();
  void stop();

  Loop& loop;
  const RiskControlOptions options;
  const Url url;

  std::mutex mutex;
  std::vector<Question> incoming;  // guarded by the mutex, as the next
  RiskControlStats stats;

  core::Inquiry inquiry;
  core::InquiryEffects effects;
  std::unordered_map<std::uint64_t, Question> questions;
  std::uint64_t last_number = 0;
  std::optional<Instant> armed;
  std::unique_ptr<HttpClient> client;  // null once it has stopped
};

/// On a shard. Whoever finds nobody waiting wakes the loop, which takes all that has come until it
/// is at it.
void RiskControl::Impl::decide(Question question) {
  std::unique_lock lock(mutex);
  if (incoming.size() >= options.max_waiting) {
    ++stats.overloaded;
    lock.unlock();
    return question.done(declared());
  }
  const bool first = incoming.empty();
  incoming.push_back(std::move(question));
  lock.unlock();
  if (first) loop.post([self = shared_from_this()] { self->take(); });
}

void RiskControl::Impl::take() {
  std::vector<Question> taken;
  {
    const std::lock_guard lock(mutex);
    taken.swap(incoming);
  }
  for (Question& question : taken) {
    const Instant due = question.due;
    questions.emplace(++last_number, std::move(question));
    inquiry.add(last_number, due, effects);
  }
  const Instant now = loop.now();
  inquiry.on_tick(now, effects);  // the loop may have been late
  if (client) inquiry.ask(now, effects);
  if (!client) inquiry.stop(effects);
  carry_out();
}

/// `verdicts`: of the answer that the effects are about.
void RiskControl::Impl::carry_out(std::vector<Verdict> verdicts) {
  const core::InquiryEffects now = std::exchange(effects, {});
  {
    const std::lock_guard lock(mutex);
    for (const auto& effect : now) {
      if (std::holds_alternative<fx::Judged>(effect)) ++stats.judged;
      if (const auto* const one = std::get_if<fx::Unjudged>(&effect)) ++count_of(stats, one->why);
    }
    stats.open = inquiry.breaker() != core::Breaker::State::closed;
  }
  for (const auto& effect : now) {
    if (const auto* const what = std::get_if<fx::Request>(&effect)) {
      request(*what);
    } else if (const auto* const judged = std::get_if<fx::Judged>(&effect)) {
      settle(judged->draft, std::move(verdicts[judged->index]));
    } else {
      settle(std::get<fx::Unjudged>(effect).draft, declared());
    }
  }
  arm();
}

void RiskControl::Impl::request(const fx::Request& what) {
  std::vector<std::string> drafts;
  for (const std::uint64_t number : what.drafts) drafts.push_back(questions.at(number).draft);
  std::vector<http::Response::Field> fields;
  if (!options.authorization.empty()) fields.push_back({"Authorization", options.authorization});
  const std::string body = risk_request(drafts);
  client->send(post_request(url, std::move(fields), body),
               [weak = weak_from_this(), number = what.number, count = drafts.size(),
                sent = loop.now()](result<HttpReply> reply) {
                 if (const std::shared_ptr<Impl> self = weak.lock())
                   self->on_reply(number, count, sent, std::move(reply));
               });
}

void RiskControl::Impl::on_reply(std::uint64_t number, std::size_t drafts, Instant sent,
                                 result<HttpReply> reply) {
  std::optional<std::vector<Verdict>> verdicts;
  if (reply && reply->whole && reply->status == kOk)
    verdicts = read_risk_answer(reply->body, drafts);
  const Instant now = loop.now();
  {
    const std::lock_guard lock(mutex);
    ++stats.requests;
    stats.request_ns += static_cast<std::uint64_t>((now - sent).count());
  }
  inquiry.on_tick(now, effects);  // what is late is late, also when its answer is there
  inquiry.on_answer(number, verdicts.has_value(), now, effects);
  carry_out(verdicts ? std::move(*verdicts) : std::vector<Verdict>());
}

void RiskControl::Impl::settle(std::uint64_t draft, Verdict verdict) {
  auto found = questions.extract(draft);
  found.mapped().done(std::move(verdict));
}

Verdict RiskControl::Impl::declared() const {
  if (options.on_timeout == OnTimeout::deny) return Deny{"no verdict in time"};
  return Flag{kUnjudged};
}

void RiskControl::Impl::arm() {
  const std::optional<Instant> due = inquiry.deadline();
  if (!due || (armed && *armed <= *due)) return;
  armed = due;
  loop.post_at(*due, [weak = weak_from_this(), when = *due] {
    const std::shared_ptr<Impl> self = weak.lock();
    if (!self || self->armed != when) return;
    self->armed.reset();
    self->inquiry.on_tick(self->loop.now(), self->effects);
    self->carry_out();
  });
}

void RiskControl::Impl::stop() {
  client.reset();
  take();
}

RiskControl::RiskControl(Loops& loops, RiskControlOptions options)
    : impl_(std::make_shared<Impl>(static_cast<Loop&>(*loops.executors().at(options.loop)),
                                   std::move(options))) {}

RiskControl::~RiskControl() {
  Loop& loop = impl_->loop;
  loop.post([impl = std::move(impl_)] { impl->stop(); });
}

void RiskControl::decide(const PolicyContext& context, Instant, Completion<Verdict> done) {
  impl_->decide(
      {risk_draft(context), impl_->loop.now() + impl_->options.deadline, std::move(done)});
}

OnTimeout RiskControl::on_timeout() const { return impl_->options.on_timeout; }

RiskControlStats RiskControl::stats() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->stats;
}

void write_prometheus(const RiskControlStats& stats, std::string& out) {
  const std::pair<const char*, std::uint64_t> outcomes[] = {{"judged", stats.judged},
                                                            {"timed_out", stats.timed_out},
                                                            {"failed", stats.failed},
                                                            {"overloaded", stats.overloaded},
                                                            {"skipped", stats.skipped}};
  out +=
      "# HELP kefu_risk_control_drafts_total Drafts, by what became of the question.\n"
      "# TYPE kefu_risk_control_drafts_total counter\n";
  for (const auto& [outcome, count] : outcomes)
    fmt::format_to(std::back_inserter(out), "kefu_risk_control_drafts_total{{outcome=\"{}\"}} {}\n",
                   outcome, count);
  constexpr double kSecond = 1e9;
  fmt::format_to(std::back_inserter(out),
                 "# HELP kefu_risk_control_request_seconds What requests took.\n"
                 "# TYPE kefu_risk_control_request_seconds summary\n"
                 "kefu_risk_control_request_seconds_sum {:.9f}\n"
                 "kefu_risk_control_request_seconds_count {}\n"
                 "# HELP kefu_risk_control_open 1 while the service is not asked.\n"
                 "# TYPE kefu_risk_control_open gauge\n"
                 "kefu_risk_control_open {}\n",
                 static_cast<double>(stats.request_ns) / kSecond, stats.requests,
                 stats.open ? 1 : 0);
}

}  // namespace kefu::inline v0::net
