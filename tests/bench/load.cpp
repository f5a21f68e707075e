#include "load.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "target.hpp"

namespace bench {

Load::Load(const Options& options, std::uint32_t visitors, std::uint32_t agents)
    : options_(options),
      visitors_(visitors),
      agents_(agents),
      run_(static_cast<std::uint32_t>(now_ns() >> 10) ^ static_cast<std::uint32_t>(getpid()) << 16),
      body_(options.body, 'x'),
      flows_(visitors) {
  for (std::uint32_t i = 0; i < visitors; ++i) {
    flows_[i].index = i;
    flows_[i].visitor = i;
    flows_[i].agent = visitors + agent_of(i);
  }
}

void Load::use(Engine& engine, Target& target) {
  engine_ = &engine;
  target_ = &target;
}

std::string Load::name(const Link& link) const {
  return is_visitor(link) ? options_.prefix + "v" + std::to_string(link.index)
                          : options_.prefix + "a" + std::to_string(link.index - visitors_);
}

// ---- sending

void Load::create(Flow& flow, std::uint64_t due_ns) {
  ++flow.created;
  ++created_;
  flow.pending.push_back(due_ns);
}

void Load::fill(Flow& flow) {
  const std::uint64_t now = now_ns();
  while (flow.created - flow.received < options_.window) create(flow, now);
  pump(flow);
}

void Load::pump(Flow& flow) {
  const std::uint32_t window = target_->window();
  if (flow.paused_until != 0) return;
  while (flow.written < flow.created && (window == 0 || flow.written - flow.accepted < window)) {
    const std::uint32_t number = ++flow.written;
    const std::uint64_t due = flow.pending[number - flow.accepted - 1];
    write(Marker{run_, flow.index, number, due}, body_.data());
    target_->write(flow, number, body_);
    if (window == 0) {
      flow.pending.pop_front();
      flow.accepted = number;
      ++accepted_;
    }
  }
}

void Load::accepted(Flow& flow, std::uint32_t up_to) {
  if (up_to > flow.created) return violation("accepted what was never sent");
  const std::uint64_t now = engine_->received_at();
  for (; flow.accepted < up_to; ++flow.accepted, ++accepted_) {
    const std::uint64_t due = flow.pending.front();
    flow.pending.pop_front();
    if (measured(due)) ack_latency.add(now > due ? now - due : 0);
  }
  flow.written = std::max(flow.written, flow.accepted);
  if (flow.written < flow.created) engine_->touch(engine_->link(flow.visitor));
}

void Load::rewind(Flow& flow, std::uint32_t number, double pause) {
  number = std::max(number, flow.accepted + 1);
  if (number > flow.written) return;
  retried += flow.written - number + 1;
  flow.written = number - 1;
  if (flow.paused_until == 0) paused_.push_back(flow.index);
  flow.paused_until = now_ns() + static_cast<std::uint64_t>(pause * 1e9);
}

void Load::sweep(std::uint64_t now) {
  if (now < next_sweep_ || (report_due_.empty() && paused_.empty())) return;
  next_sweep_ = now + static_cast<std::uint64_t>(options_.delivered_flush * 1e9);
  swept_.clear();
  std::swap(swept_, report_due_);
  for (const std::uint32_t index : swept_) {
    Flow& flow = flows_[index];
    flow.report_due = false;
    if (flow.unreported != 0) report(flow);
  }
  swept_.clear();
  std::swap(swept_, paused_);
  for (const std::uint32_t index : swept_) {
    Flow& flow = flows_[index];
    if (now < flow.paused_until) {
      paused_.push_back(index);
      continue;
    }
    flow.paused_until = 0;
    engine_->touch(engine_->link(flow.visitor));
  }
}

// ---- receiving

bool Load::received(const Link& link, std::string_view body, std::uint64_t server_seq) {
  const std::optional<Marker> marker = read_marker(body);
  if (!marker || marker->run != run_) return false;
  if (marker->flow >= flows_.size() || flows_[marker->flow].agent != link.index) {
    ++faults.misrouted;
    return true;
  }
  Flow& flow = flows_[marker->flow];
  if (flow.seen.size() <= marker->number) flow.seen.resize(2 * std::size_t{marker->number} + 64);
  if (flow.seen[marker->number]) {
    ++faults.doubled;
    return true;
  }
  flow.seen[marker->number] = true;
  if (marker->number < flow.highest) ++faults.reordered;
  flow.highest = std::max(flow.highest, marker->number);
  ++flow.received;
  ++received_;
  const std::uint64_t now = engine_->received_at();
  if (measured(now)) ++delivered_in_time;
  if (measured(marker->due_ns)) latency.add(now > marker->due_ns ? now - marker->due_ns : 0);
  flow.server_seq = server_seq;
  ++flow.unreported;
  if (sending) engine_->touch(engine_->link(flow.visitor));
  if (options_.delivered_every == 0 || target_->window() == 0) return true;
  if (flow.unreported >= options_.delivered_every) {
    report(flow);
  } else if (!std::exchange(flow.report_due, true)) {
    report_due_.push_back(flow.index);
  }
  return true;
}

void Load::report(Flow& flow) {
  flow.unreported = 0;
  ++reports;
  target_->write_delivered(flow);
}

void Load::violation(std::string_view what) {
  if (faults.violations++ == 0) faults.first_violation = what;
}

bool Load::settled() const { return received_ == created_ && accepted_ == created_; }

}  // namespace bench
