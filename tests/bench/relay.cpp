// relay: messages from visitors to agents, in a closed loop (so many in flight) or in an open one
// (so many a second, whatever the server does).
#include <algorithm>
#include <stdexcept>

#include "run.hpp"

namespace bench {
namespace {

constexpr std::uint64_t kLongestWait = 20'000'000;  // ns

std::uint64_t ns(double seconds) { return static_cast<std::uint64_t>(seconds * 1e9); }

}  // namespace

void Run::closed_loop(std::uint64_t until) {
  load_.sending = true;
  for (Flow& flow : load_.flows()) engine_.touch(engine_.link(flow.visitor));
  for (std::uint64_t now = now_ns(); now < until; now = now_ns()) {
    if (begun_.at_ns == 0 && now >= load_.measured_from) begun_ = usage(options_.pid);
    engine_.turn(std::min(kLongestWait, until - now));
    load_.sweep(now);
    if (engine_.dropped != 0 && engine_.ready_links() == 0)
      throw std::runtime_error("the server ended all links: " + engine_.last_failure);
  }
  load_.sending = false;
}

/// Message k is due at start + k / rate. Its latency counts from then, whenever it could be sent: a
/// stall of the server, or of this program, is charged to all that were due meanwhile.
void Run::open_loop(std::uint64_t until, std::uint64_t start) {
  const double gap = 1e9 / options_.rate;
  std::uint64_t sent = 0;
  const auto due = [&] {
    return start + static_cast<std::uint64_t>(static_cast<double>(sent) * gap);
  };
  std::vector<Flow>& flows = load_.flows();
  for (std::uint64_t now = now_ns(); now < until; now = now_ns()) {
    if (begun_.at_ns == 0 && now >= load_.measured_from) begun_ = usage(options_.pid);
    for (std::uint32_t i = 0; i < options_.batch && due() <= now; ++i, ++sent) {
      Flow& flow = flows[sent % flows.size()];
      load_.create(flow, due());
      engine_.touch(engine_.link(flow.visitor));
      if (due() >= load_.measured_from) lag_.add(now - due());
    }
    load_.sweep(now);
    const std::uint64_t next = due();
    const std::uint64_t idle = options_.spin || next <= now ? 0 : next - now;
    engine_.turn(std::min(kLongestWait, idle));
    if (engine_.dropped != 0 && engine_.ready_links() == 0)
      throw std::runtime_error("the server ended all links: " + engine_.last_failure);
  }
}

Report Run::relay() {
  const double connect_seconds = open_all();
  engine_.run_for(0.3);
  const std::uint64_t start = now_ns();
  load_.measured_from = start + ns(options_.warmup);
  load_.measured_to = load_.measured_from + ns(options_.secs);
  options_.rate > 0 ? open_loop(load_.measured_to, start) : closed_loop(load_.measured_to);
  ended_ = usage(options_.pid);
  drain();

  const double delivered = static_cast<double>(load_.delivered_in_time);
  Report report;
  report.text("mode", "relay");
  report.count("pairs", options_.pairs);
  report.count("fanin", options_.fanin);
  report.count("body", options_.body);
  options_.rate > 0 ? report.number("rate", options_.rate, 0)
                    : report.count("window", options_.window);
  report.number("delivered_per_s", delivered / options_.secs, 0);
  report.latency("", load_.latency);
  if (target_->window() != 0) report.latency("ack_", load_.ack_latency);
  report.count("sent", load_.created_);
  put_faults(report);
  report.number("cpu_us_per_msg",
                delivered > 0 ? (ended_.server() - begun_.server()) * 1e6 / delivered : 0, 3);
  report.shares(begun_, ended_);
  if (options_.rate > 0) {
    report.number("gen_lag_p99_us", static_cast<double>(lag_.quantile(0.99)) / 1e3, 1);
    report.number("gen_lag_max_us", static_cast<double>(lag_.quantile(1)) / 1e3, 1);
  }
  report.count("begun_ns", begun_.at_ns);
  report.count("ended_ns", ended_.at_ns);
  report.count("delivered_frames", load_.reports);
  report.number("connect_s", connect_seconds, 3);
  report.count("rss_kb", ended_.rss_kb);
  report.count("peak_kb", ended_.peak_kb);
  return report;
}

}  // namespace bench
