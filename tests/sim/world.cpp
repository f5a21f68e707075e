#include "world.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace kefu::sim {
namespace {

constexpr Nanoseconds kMs{1'000'000};
constexpr Nanoseconds kSecond{1'000'000'000};
constexpr std::uint64_t kMaxSteps = 3'000'000;

std::unique_ptr<Store> make_disk(Mutant mutant, const Clock& clock, const limits& bounds) {
  if (mutant == Mutant::ack_before_commit) return std::make_unique<LosingStore>(clock, bounds);
  return std::make_unique<memory::Store>(clock, bounds);
}

std::unique_ptr<StoreWrapper> mutate(Mutant mutant, Store& disk) {
  switch (mutant) {
    case Mutant::no_dedup:
      return std::make_unique<RepeatingStore>(disk);
    case Mutant::no_fencing:
    case Mutant::local_fence:
      return std::make_unique<UnfencedStore>(disk);
    case Mutant::hyperloglog:
      return std::make_unique<HyperLogLogStore>(disk);
    case Mutant::marks_forgotten:
      return std::make_unique<ForgetfulStore>(disk);
    case Mutant::id_order:
      return std::make_unique<IdOrderedStore>(disk);
    default:
      return nullptr;
  }
}

testing::SimNetworkOptions network_of(const Plan& plan, Mutant mutant) {
  testing::SimNetworkOptions options = plan.network;
  if (mutant == Mutant::endless_queue) options.send_bound = std::numeric_limits<std::size_t>::max();
  return options;
}

/// What JSON and UTF-8 may stumble over.
std::string decoration(testing::Random& random) {
  static constexpr const char* kPieces[] = {"\"", "\\", "\n", "谢谢", "👋", "\x01", "/", "plain "};
  std::string out;
  for (std::uint64_t left = random.below(4); left > 0; --left) out += kPieces[random.below(8)];
  if (random.chance(0.05)) out += std::string(random.between(200, 900), 'x');
  return out;
}

}  // namespace

World::World(const Plan& plan, Mutant mutant, Trace trace)
    : plan_(plan),
      trace_(std::move(trace)),
      scheduling_(plan.seed ^ 0x5c4ed),
      workload_(plan.seed ^ 0x3074b),
      faults_(plan.seed ^ 0xfa017),
      disk_(make_disk(mutant, store_clock_, plan.bounds)),
      mutated_(mutate(mutant, *disk_)),
      losing_(dynamic_cast<LosingStore*>(disk_.get())),
      court_(plan_, loop_),
      checker_(*disk_, plan.bounds.replay_limit, court_),
      bus_(loop_, plan.seed ^ 0xb05, plan.bus),
      network_(plan.seed ^ 0x4e7, network_of(plan, mutant)),
      around_{plan_, mutant, loop_, network_, checker_, {}, {}} {
  around_.server = [this]() -> testing::SimServer* {
    const auto& node = nodes_[faults_.below(nodes_.size())];
    return node && !node->isolated() ? &node->server() : nullptr;
  };
  if (trace_) around_.trace = [this](const std::string& what) { this->trace(what); };
}

World::~World() {
  devices_.clear();
  for (auto& node : nodes_) {
    if (node) std::ranges::move(node->die(), std::back_inserter(graveyard_));
  }
  nodes_.clear();
  loop_.drop_all();
  for (const auto& executor : graveyard_) executor->drop_all();
}

void World::trace(const std::string& what) {
  if (!trace_) return;
  const std::int64_t us = (loop_.now().ns - 1'000'000'000) / 1000;
  std::string stamp = std::to_string(us % 1'000'000);
  stamp = std::to_string(us / 1'000'000) + "." + std::string(6 - stamp.size(), '0') + stamp;
  trace_(stamp + " " + what);
}

// ---- time

bool World::step(Instant end) {
  std::vector<testing::ManualExecutor*>& ready = ready_;
  ready.clear();
  for (testing::ManualExecutor* one : executors_) {
    if (one->ready() > 0) ready.push_back(one);
  }
  if (!ready.empty()) {
    ready[scheduling_.below(ready.size())]->run_one();
    ++steps_;
    return true;
  }
  std::optional<Instant> next;
  for (testing::ManualExecutor* one : executors_) {
    const auto due = one->next_due();
    if (due && (!next || *due < *next)) next = due;
  }
  const Instant to = next && *next < end ? *next : end;
  const Nanoseconds passed = to - loop_.now();
  wall_.advance(passed);
  store_clock_.advance(passed);
  for (testing::ManualExecutor* one : executors_) one->advance_to(to);
  return to < end;
}

void World::run_for(Nanoseconds time) {
  const Instant end = loop_.now() + time;
  while (checker_.violation().empty() && step(end)) {
    checker_.look();
    check();
  }
}

void World::check() {
  if (steps_ > kMaxSteps) checker_.fail("it never becomes quiet");
  for (const auto& node : nodes_) {
    if (node) peak_buffered_ = std::max(peak_buffered_, node->server().peak_buffered());
  }
  // One page may be on its way when the queue is full, each of its bytes escaped.
  const std::size_t bound =
      plan_.bounds.send_queue + 6 * (plan_.bounds.page_bytes + plan_.bounds.max_body) + 65'536;
  if (peak_buffered_ > bound)
    checker_.fail("a connection's queue grew to " + std::to_string(peak_buffered_) + " bytes");
}

void World::check_told() {
  // Only where store and network keep pace, so that all that can be late is the telling.
  const bool at_pace = plan_.store.delay_max <= 20 * kMs && plan_.freeze.count() == 0 &&
                       plan_.strand.count() == 0 && plan_.network.latency_max <= 50 * kMs;
  if (!at_pace || (plan_.nodes > 1 && !plan_.has_bus)) return;
  loop_.post_at(loop_.now() + kSecond / 4, [this] {
    if (!around_.at_work) return;
    for (std::size_t at = 0; at < nodes_.size(); ++at) {
      if (nodes_[at] && nodes_[at]->halted()) excuse(at);
    }
    for (const auto& device : devices_) {
      if (device->quiet())
        checker_.expect_told(device->number(), is_staff(device->who().role),
                             plan_.bounds.tail_check + 2 * kSecond);
    }
    check_told();
  });
}

void World::excuse(std::size_t at) {
  for (const Device* device : devices_at(at)) checker_.on_reading_again(device->number());
}

void World::keep_on(Nanoseconds mean, std::function<void()> what) {
  if (mean.count() == 0) return;
  const Nanoseconds wait = faults_.between(Nanoseconds(1), 2 * mean);
  loop_.post_at(loop_.now() + wait, [this, mean, what = std::move(what)]() mutable {
    if (!around_.at_work) return;
    what();
    keep_on(mean, std::move(what));
  });
}

void World::list_executors() {
  executors_ = {&loop_};
  for (const auto& node : nodes_) {
    if (!node || node->halted()) continue;
    for (const auto& executor : node->executors()) executors_.push_back(executor.get());
  }
}

// ---- the workload

Device& World::add_device(const Participant& who) {
  devices_.push_back(
      std::make_unique<Device>(around_, devices_.size(), who, testing::Random(workload_.next())));
  Device& device = *devices_.back();
  keep_on(plan_.submit, [this, &device] { write(device); });
  return device;
}

void World::add_participant(Participant who) {
  const bool two = workload_.chance(plan_.second_device);
  add_device(who).power_on();
  if (two) add_device(who).power_on();
}

void World::write(Device& device) {
  if (!device.on() || device.known().empty()) return;
  if (plan_.lull.count() != 0 && loop_.now().ns / plan_.lull.count() % 2 == 1) return;
  auto where = device.known().begin();
  std::advance(where, static_cast<std::ptrdiff_t>(workload_.below(device.known().size())));
  const bool note =
      is_staff(device.who().role) ? workload_.chance(0.2) : workload_.chance(plan_.bad_send / 2);
  const std::string id =
      "d" + std::to_string(device.number()) + "m" + std::to_string(++written_) + " ";
  std::string kind(kind::kText);
  std::string text = id + decoration(workload_);
  if (workload_.chance(plan_.bad_send)) {
    if (workload_.chance(0.5)) {
      kind = kind::kClosed;  // denied
    } else {
      text += std::string(plan_.bounds.max_body, 'y');  // too large
    }
  }
  for (std::uint64_t burst = workload_.chance(0.1) ? workload_.between(2, 40) : 1; burst > 1;
       --burst) {
    device.submit(*where, note ? Log::internal : Log::public_log, std::string(kind::kText),
                  id + std::to_string(burst));
    if (!device.on()) return;
  }
  device.submit(*where, note ? Log::internal : Log::public_log, std::move(kind), std::move(text));
  if (workload_.chance(plan_.stale_duplicate)) device.send_stale();
}

void World::create_conversation(std::size_t visitor) {
  Hub::OpenRequest request;
  request.id = {0xc1, ++created_};
  request.visitor = "visitor-" + std::to_string(visitor);
  request.department = "dep-" + std::to_string(created_);
  request.subject = "created by the host";
  for (std::size_t i = 0; i < plan_.agents; ++i) {
    if (i == 0 || workload_.chance(0.5)) request.agents.push_back("agent-" + std::to_string(i));
  }
  const std::size_t at = workload_.below(nodes_.size());
  if (!nodes_[at]) return;
  nodes_[at]->hub().open(std::move(request), [](const result<Conversation>& /*opened*/) {
    // It may fail; whoever takes part learns of it by itself.
  });
}

// ---- faults

void World::cut() {
  Device& device = any_device();
  trace("cut: device " + std::to_string(device.number()));
  device.cut(faults_.chance(0.5) ? Nanoseconds(0) : faults_.between(Nanoseconds(0), 2 * kSecond));
}

void World::crash() {
  const std::size_t at = faults_.below(nodes_.size());
  if (!nodes_[at]) return;
  trace("crash: node " + std::to_string(at));
  for (Device* device : devices_at(at)) device->server_is_gone();
  std::ranges::move(nodes_[at]->die(), std::back_inserter(graveyard_));
  nodes_[at] = nullptr;
  list_executors();
  if (losing_) losing_->lose(500 * kMs);
  checker_.look_again();
  loop_.post_at(loop_.now() + faults_.between(Nanoseconds(0), 3 * kSecond),
                [this, at] { restart(at); });
}

void World::restart(std::size_t at) {
  if (nodes_[at]) return;
  trace("start: node " + std::to_string(at));
  nodes_[at] = std::make_unique<Node>(plan_, around_.mutant, mutated_ ? *mutated_ : *disk_,
                                      plan_.has_bus ? bus_.connect() : nullptr, wall_, checker_,
                                      court_, network_, loop_, testing::Random(faults_.next()));
  list_executors();
}

void World::power_off() {
  Device& device = any_device();
  device.power_off();
  loop_.post_at(loop_.now() + faults_.between(Nanoseconds(0), 4 * kSecond),
                [&device] { device.power_on(); });
}

void World::freeze() {
  const std::size_t at = faults_.below(nodes_.size());
  if (!nodes_[at]) return;
  trace("freeze: the store of node " + std::to_string(at));
  nodes_[at]->store().freeze();
  loop_.post_at(loop_.now() + faults_.between(Nanoseconds(0), 5 * kSecond), [this, at] {
    if (nodes_[at]) nodes_[at]->store().thaw();
  });
}

/// Half the time its calls don't get to the store, else the answers to its writes don't come back.
void World::strand() {
  const std::size_t at = faults_.below(nodes_.size());
  const bool one_way = faults_.chance(0.5);
  if (!nodes_[at]) return;
  trace("strand: node " + std::to_string(at) + (one_way ? " is not answered" : " has no store"));
  testing::StoreFaults& faults = nodes_[at]->store().faults;
  (one_way ? faults.fail_after : faults.fail_before) = 1;
  loop_.post_at(loop_.now() + faults_.between(Nanoseconds(0), 5 * kSecond), [this, at] {
    if (nodes_[at] && around_.at_work) nodes_[at]->store().faults = plan_.store;
  });
}

void World::part() {
  const std::size_t deaf = faults_.below(nodes_.size());
  const double share = faults_.chance(0.5) ? 1 : 0.5;
  const bool both = faults_.chance(0.5);
  for (std::size_t other = 0; other < nodes_.size(); ++other) {
    if (other == deaf || !nodes_[other] || !nodes_[deaf] || !faults_.chance(share)) continue;
    trace("part: node " + std::to_string(deaf) + " does not hear " + std::to_string(other) +
          (both ? ", nor it" : ""));
    bus_.part(*nodes_[other]->bus(), *nodes_[deaf]->bus());
    if (both) bus_.part(*nodes_[deaf]->bus(), *nodes_[other]->bus());
    loop_.post_at(loop_.now() + faults_.between(Nanoseconds(0), 10 * kSecond),
                  [this, deaf, other] { mend(deaf, other); });
  }
}

void World::mend(std::size_t one, std::size_t other) {
  if (!nodes_[one] || !nodes_[other] || !plan_.has_bus) return;
  bus_.mend(*nodes_[other]->bus(), *nodes_[one]->bus());
  bus_.mend(*nodes_[one]->bus(), *nodes_[other]->bus());
}

/// It goes on with the store and the other nodes, and learns late that its clients are gone.
void World::isolate() {
  const std::size_t at = faults_.below(nodes_.size());
  if (!nodes_[at]) return;
  trace("isolate: node " + std::to_string(at));
  for (Device* device : devices_at(at)) device->cut(faults_.between(Nanoseconds(0), 2 * kSecond));
  nodes_[at]->isolate(true);
  loop_.post_at(loop_.now() + faults_.between(Nanoseconds(0), 5 * kSecond), [this, at] {
    if (nodes_[at]) nodes_[at]->isolate(false);
  });
}

std::vector<Device*> World::devices_at(std::size_t at) {
  std::vector<Device*> there;
  for (const auto& device : devices_) {
    if (nodes_[at] && device->server() == &nodes_[at]->server()) there.push_back(device.get());
  }
  return there;
}

void World::halt() {
  const std::size_t at = faults_.below(nodes_.size());
  if (!nodes_[at] || nodes_[at]->halted()) return;
  trace("halt: node " + std::to_string(at));
  nodes_[at]->halt();
  list_executors();
  loop_.post_at(loop_.now() + faults_.between(Nanoseconds(0), 10 * kSecond),
                [this, at] { go_on(at); });
}

void World::go_on(std::size_t at) {
  if (!nodes_[at] || !nodes_[at]->halted()) return;
  trace("go on: node " + std::to_string(at));
  nodes_[at]->go_on(loop_.now());
  court_.on_gone_on();
  excuse(at);
  list_executors();
}

void World::slow_reader() {
  Device& device = any_device();
  trace("slow: device " + std::to_string(device.number()));
  device.pause_reading();
  loop_.post_at(loop_.now() + faults_.between(Nanoseconds(0), 5 * kSecond), [this, &device] {
    device.resume_reading();
    checker_.on_reading_again(device.number());
  });
}

/// Detached sessions expire; when the sweep comes at once, attached ones do too, which no store
/// would do to them but which must not harm anything.
void World::expire() {
  const bool harsh = faults_.chance(0.3);
  trace(harsh ? "expiry of every session" : "expiry of detached sessions");
  store_clock_.advance(plan_.bounds.session_ttl + kSecond);
  const auto sweep = [this] {
    disk_->expire(plan_.bounds.session_ttl, 1000, [](const result<std::vector<SessionId>>&) {});
  };
  if (harsh) return sweep();
  loop_.post_at(loop_.now() + 5 * kSecond, sweep);
}

void World::clone() {
  const std::size_t of = faults_.below(devices_.size());
  if (clones_ >= 2) return;
  ++clones_;
  Device& device = add_device(devices_[of]->who());
  trace("clone: device " + std::to_string(device.number()) + " of " + std::to_string(of));
  device.copy_from(*devices_[of]);
  device.power_on();
}

void World::jump_clock() {
  const Nanoseconds by = faults_.between(kSecond, 3600 * kSecond);
  const bool back = faults_.chance(0.5);
  trace("clock: " + std::string(back ? "back" : "forth") + " by " + std::to_string(by / kSecond) +
        " s");
  wall_.advance(back ? -by : by);
}

// ---- a run

void World::start() {
  for (std::size_t i = 0; i < plan_.nodes; ++i) {
    nodes_.push_back(nullptr);
    restart(i);
  }
  for (std::size_t i = 0; i < plan_.visitors; ++i)
    add_participant({"visitor-" + std::to_string(i), Role::visitor});
  for (std::size_t i = 0; i < plan_.agents; ++i)
    add_participant({"agent-" + std::to_string(i), Role::agent});
  for (std::size_t i = 0; i < plan_.visitors; ++i) create_conversation(i);

  keep_on(plan_.open, [this] {
    any_device().open("dep-" + std::to_string(faults_.below(3)));
    if (faults_.chance(0.3)) create_conversation(faults_.below(plan_.visitors));
  });
  keep_on(plan_.close, [this] {
    Device& device = any_device();
    if (device.known().size() < 2) return;
    device.close(*device.known().begin());
  });
  inflict(plan_.cut, &World::cut);
  inflict(plan_.crash, &World::crash);
  inflict(plan_.power_off, &World::power_off);
  inflict(plan_.freeze, &World::freeze);
  inflict(plan_.strand, &World::strand);
  inflict(plan_.part, &World::part);
  inflict(plan_.isolate, &World::isolate);
  inflict(plan_.halt, &World::halt);
  inflict(plan_.slow, &World::slow_reader);
  inflict(plan_.expiry, &World::expire);
  inflict(plan_.clone, &World::clone);
  inflict(plan_.clock_jump, &World::jump_clock);
  check_told();
}

void World::inflict(Nanoseconds mean, void (World::*what)()) {
  keep_on(mean, [this, what] {
    ++befell_;
    (this->*what)();
  });
}

/// No more faults: everything is up, and answers.
void World::heal() {
  trace("faults end");
  around_.at_work = false;
  network_.options.refuse = 0;
  bus_.options = {};
  network_.options.latency_max = std::min(network_.options.latency_max, 50 * kMs);
  network_.options.notice_max = std::min(network_.options.notice_max, kSecond);
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    restart(i);
    go_on(i);
    nodes_[i]->isolate(false);
    for (std::size_t other = 0; other < i; ++other) mend(i, other);
    nodes_[i]->store().thaw();
    nodes_[i]->store().faults = {Nanoseconds(0), std::min(plan_.store.delay_max, 20 * kMs), 0, 0};
  }
  for (const auto& device : devices_) {
    device->power_on();
    device->resume_reading();
  }
}

std::string World::unsettled() const {
  for (const auto& device : devices_) {
    if (!device->idle()) return device->describe();
  }
  return {};
}

std::string World::unread() const {
  for (const auto& device : devices_) {
    if (const std::string what = device->unread(); !what.empty())
      return device->describe() + " " + what;
  }
  return {};
}

/// Runs until `what` answers nothing, as long as something happens on the way.
std::string World::run_until_empty(const std::function<std::string()>& what) {
  std::string left;
  for (int idle = 0; idle < 60 && checker_.violation().empty(); ++idle) {
    const std::uint64_t before = checker_.hash();
    run_for(10 * kSecond);
    left = what();
    if (left.empty()) return {};
    if (checker_.hash() != before) idle = 0;
  }
  return left;
}

/// Waits until everything is settled, then lets every client come back once, and looks whether it
/// has read everything: without a bus, a node learns of another's last entries only so.
std::string World::settle() {
  const auto unsettled = [this] { return this->unsettled(); };
  if (const std::string what = run_until_empty(unsettled); !what.empty())
    return "never settled: " + what;
  for (const auto& device : devices_) device->reconnect();
  if (const std::string what = run_until_empty(unsettled); !what.empty())
    return "never came back: " + what;
  if (const std::string what = run_until_empty([this] { return unread(); }); !what.empty())
    return "never read: " + what;
  checker_.at_rest();
  return {};
}

Report World::run() {
  start();
  run_for(plan_.length);
  heal();
  if (std::string what = settle(); !what.empty()) checker_.fail(std::move(what));
  checker_.mix(steps_);
  return {checker_.violation(), checker_.hash(), steps_, checker_.stored(), befell_};
}

}  // namespace kefu::sim
