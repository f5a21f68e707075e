#include <algorithm>
#include <stdexcept>

#include "run.hpp"

namespace bench {
namespace {

bool has_pairs(const Options& options) {
  return options.mode == Mode::relay || options.mode == Mode::prepare;
}

std::uint32_t visitors_of(const Options& options) {
  return has_pairs(options) ? options.pairs : options.conns - options.conns / 2;
}

std::uint32_t agents_of(const Options& options) {
  return has_pairs(options) ? (options.pairs + options.fanin - 1) / options.fanin
                            : options.conns / 2;
}

std::unique_ptr<Target> make_target(const Parts& parts) {
  switch (parts.options.target) {
    case TargetKind::raw:
      return make_raw(parts);
    case TargetKind::durable:
      return make_durable(parts);
    case TargetKind::kefu:
      break;
  }
  return make_kefu(parts);
}

}  // namespace

Run::Run(const Options& options)
    : options_(options),
      load_(options, visitors_of(options), agents_of(options)),
      engine_(options, load_.visitors() + load_.agents(), *this),
      target_(make_target({options, engine_, load_})) {
  load_.use(engine_, *target_);
}

void Run::before_flush(Link& link) {
  if (!load_.is_visitor(link)) return;
  Flow& flow = load_.flows()[link.index];
  load_.sending ? load_.fill(flow) : load_.pump(flow);
}

void Run::open_closed_links() {
  for (std::uint32_t i = 0; i < engine_.size(); ++i) {
    if (engine_.link(i).fd < 0) engine_.open(engine_.link(i));
  }
}

void Run::need_all_ready() {
  if (engine_.run_until(options_.connect_timeout, [&] { return engine_.all_ready(); })) return;
  throw std::runtime_error("only " + std::to_string(engine_.ready_links()) + " of " +
                           std::to_string(engine_.size()) + " links are ready; " +
                           engine_.last_failure + " " + load_.faults.first_violation);
}

/// Seconds that it took.
double Run::open_all() {
  const std::uint64_t start = now_ns();
  target_->prepare();
  open_closed_links();
  need_all_ready();
  return static_cast<double>(now_ns() - start) / 1e9;
}

void Run::drain() {
  engine_.run_until(options_.drain, [&] {
    load_.sweep(now_ns());
    return load_.settled();
  });
  engine_.run_for(0.1);  // doubles come late
}

/// One after the other to everybody, and waits for what becomes of them.
void Run::message_each(std::uint32_t count) {
  for (Flow& flow : load_.flows()) {
    const std::uint64_t now = now_ns();
    for (std::uint32_t i = 0; i < count; ++i) load_.create(flow, now);
    engine_.touch(engine_.link(flow.visitor));
  }
}

void Run::put_faults(Report& report) const {
  report.count("lost", load_.lost());
  report.count("unacknowledged", load_.created_ - load_.accepted_);
  report.count("doubled", load_.faults.doubled);
  report.count("reordered", load_.faults.reordered);
  report.count("misrouted", load_.faults.misrouted);
  report.count("violations", load_.faults.violations);
  report.count("retried", load_.retried);
  report.count("dropped_links", engine_.dropped);
  report.count("failed_handshakes", engine_.failed_handshakes);
}

bool Run::good() const {
  const Faults& faults = load_.faults;
  return load_.settled() && engine_.dropped == 0 && faults.doubled == 0 && faults.reordered == 0 &&
         faults.misrouted == 0 && faults.violations == 0;
}

std::string Run::what_was_wrong() const {
  const Faults& faults = load_.faults;
  return std::to_string(load_.lost()) + " lost, " + std::to_string(faults.doubled) + " doubled, " +
         std::to_string(faults.reordered) + " reordered, " + std::to_string(faults.violations) +
         " violations (the first: " + faults.first_violation + "), " +
         std::to_string(engine_.dropped) + " links dropped (the last: " + engine_.last_failure +
         ")";
}

}  // namespace bench
