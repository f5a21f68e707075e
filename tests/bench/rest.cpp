// prepare: what another generator needs. idle: what a session costs that says nothing. reconnect:
// how long until all are back.
#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "run.hpp"

namespace bench {
namespace {

double seconds_since(std::uint64_t then) { return static_cast<double>(now_ns() - then) / 1e9; }

}  // namespace

Report Run::prepare() {
  target_->prepare();
  std::ofstream out(options_.tokens);
  for (std::uint32_t i = 0; i < engine_.size(); ++i) {
    const Link& link = engine_.link(i);
    out << load_.name(link) << ' ' << target_->token(link) << '\n';
  }
  if (!out.flush()) throw std::runtime_error("cannot write " + options_.tokens);
  Report report;
  report.text("mode", "prepare");
  report.count("pairs", options_.pairs);
  return report;
}

Report Run::idle() {
  begun_ = usage(options_.pid);
  const double connect_seconds = open_all();
  const Usage connected = usage(options_.pid);
  engine_.run_for(options_.hold);
  const Usage resting = usage(options_.pid);
  engine_.run_for(1);
  ended_ = usage(options_.pid);

  const auto links = static_cast<double>(engine_.size());
  const auto grown = static_cast<double>(ended_.rss_kb) - static_cast<double>(begun_.rss_kb);
  Report report;
  report.text("mode", "idle");
  report.count("conns", engine_.size());
  report.number("connect_s", connect_seconds, 3);
  report.number("bytes_per_session", grown * 1024 / links, 0);
  report.number("connect_cpu_us", (connected.server() - begun_.server()) * 1e6 / links, 1);
  report.number("idle_cpu", ended_.server() - resting.server(), 3);
  report.count("rss_before_kb", begun_.rss_kb);
  report.count("rss_kb", ended_.rss_kb);
  report.count("peak_kb", ended_.peak_kb);
  put_faults(report);
  report.shares(begun_, ended_);
  return report;
}

Report Run::reconnect() {
  const double connect_seconds = open_all();
  engine_.run_for(options_.hold);
  message_each(1);
  drain();
  engine_.set_concurrency(engine_.size());
  engine_.handshakes = {};

  std::vector<double> back, caught_up;
  begun_ = usage(options_.pid);
  for (std::uint32_t round = 0; round < options_.rounds; ++round) {
    if (options_.inflight != 0) {
      message_each(options_.inflight);
      engine_.turn(0);  // they are written, and nobody waits for what becomes of them
    }
    for (std::uint32_t i = 0; i < engine_.size(); ++i) engine_.cut(engine_.link(i));
    const std::uint64_t cut = now_ns();
    open_closed_links();
    need_all_ready();
    back.push_back(seconds_since(cut));
    engine_.run_until(options_.drain, [&] { return load_.settled(); });
    caught_up.push_back(seconds_since(cut));
    engine_.run_for(options_.hold);
  }
  ended_ = usage(options_.pid);
  message_each(1);
  drain();

  std::sort(back.begin(), back.end());
  std::sort(caught_up.begin(), caught_up.end());
  const auto rounds = static_cast<double>(options_.rounds);
  Report report;
  report.text("mode", "reconnect");
  report.count("conns", engine_.size());
  report.count("rounds", options_.rounds);
  report.number("back_s", back[back.size() / 2], 4);
  report.number("back_max_s", back.back(), 4);
  if (options_.inflight != 0) report.number("caught_up_s", caught_up[caught_up.size() / 2], 4);
  report.latency("each_", engine_.handshakes);
  report.number("cpu_us_per_session",
                (ended_.server() - begun_.server()) * 1e6 / rounds / engine_.size(), 1);
  report.number("connect_s", connect_seconds, 3);
  report.count("sent", load_.created_);
  put_faults(report);
  report.shares(begun_, ended_);
  report.count("rss_kb", ended_.rss_kb);
  report.count("peak_kb", ended_.peak_kb);
  return report;
}

}  // namespace bench
