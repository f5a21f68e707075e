#include "plan.hpp"

#include <kefu/testing/random.hpp>

namespace kefu::sim {
namespace {

using testing::Random;

constexpr Nanoseconds kMs{1'000'000};
constexpr Nanoseconds kSecond{1'000'000'000};

template <class T, std::size_t N>
T one_of(Random& random, const T (&values)[N]) {
  return values[random.below(N)];
}

/// Off, or somewhere between often and seldom.
Nanoseconds rate(Random& random, double on, Nanoseconds low, Nanoseconds high) {
  const bool is_on = random.chance(on);
  const Nanoseconds mean = random.between(low, high);
  return is_on ? mean : Nanoseconds(0);
}

void draw_bounds(Random& random, limits& bounds) {
  bounds.window = one_of<std::uint32_t>(random, {1, 2, 4, 8, 32});
  bounds.replay_limit = random.chance(0.3) ? random.between(3, 30) : 10'000;
  bounds.send_queue = one_of<std::size_t>(random, {512, 2048, 8192, 65'536});
  bounds.page_entries = random.between(1, 32);
  bounds.page_bytes = one_of<std::size_t>(random, {256, 4096, 65'536});
  bounds.max_history = random.between(5, 100);
  bounds.batch_drafts = one_of<std::size_t>(random, {1, 2, 16, 1024});
  bounds.pending_drafts = random.chance(0.2) ? random.between(2, 20) : 65'536;
  if (bounds.pending_drafts <= 20) bounds.pending_bytes = 16 * bounds.pending_drafts;
  bounds.frames_per_second = random.chance(0.15) ? 20 : 1000;
  bounds.max_list = random.chance(0.1) ? random.between(1, 2) : 200;
  bounds.max_body = 1024;
  bounds.session_ttl = 30 * kSecond;
  bounds.stall_timeout = random.between(2 * kSecond, 30 * kSecond);
}

}  // namespace

std::string name(Mutant mutant) {
  static constexpr const char* kNames[kMutants] = {
      "none",          "ack-before-commit",  "no-dedup",     "no-fencing",    "resume-off-by-one",
      "no-reconcile",  "lost-acks-forged",   "hyperloglog",  "local-fence",   "marks-forgotten",
      "endless-queue", "verdicts-unordered", "late-verdict", "no-tail-check", "bus-trusted",
      "id-order"};
  return kNames[static_cast<std::size_t>(mutant)];
}

Plan::Plan(std::uint64_t with_seed) : seed(with_seed) {
  Random random(seed);
  nodes = random.between(1, 3);
  shards = random.between(1, 3);
  visitors = random.between(1, 4);
  agents = random.between(1, 3);
  second_device = random.chance(0.5) ? 0.5 : 0;
  length = random.between(5 * kSecond, 40 * kSecond);
  draw_bounds(random, bounds);

  network.latency_max = one_of<Nanoseconds>(random, {5 * kMs, 50 * kMs, 400 * kMs, 2 * kSecond});
  network.notice_max = random.between(Nanoseconds(0), 5 * kSecond);
  network.refuse = random.chance(0.3) ? 0.3 : 0;
  network.send_bound = bounds.send_queue;
  network.in_flight = one_of<std::size_t>(random, {256, 2048, 16'384});
  if (random.chance(0.8)) store.delay_max = one_of<Nanoseconds>(random, {kMs, 20 * kMs, 500 * kMs});
  store.fail_before = random.chance(0.3) ? 0.05 : 0;
  store.fail_after = random.chance(0.3) ? 0.05 : 0;

  submit = random.between(30 * kMs, 2 * kSecond);
  open = rate(random, 0.5, 2 * kSecond, 20 * kSecond);
  close = rate(random, 0.4, 5 * kSecond, 30 * kSecond);
  cut = rate(random, 0.7, kSecond / 5, 10 * kSecond);
  crash = rate(random, 0.5, 2 * kSecond, 20 * kSecond);
  power_off = rate(random, 0.5, kSecond, 10 * kSecond);
  freeze = rate(random, 0.2, 2 * kSecond, 20 * kSecond);
  slow = rate(random, 0.4, kSecond, 10 * kSecond);
  expiry = rate(random, 0.4, 3 * kSecond, 20 * kSecond);
  clone = rate(random, 0.25, 5 * kSecond, 20 * kSecond);
  duplicate = random.chance(0.4) ? 0.2 : 0;
  stale_duplicate = random.chance(0.3) ? 0.05 : 0;
  die_between = random.chance(0.3) ? 0.005 : 0;
  save_late = random.chance(0.5) ? 0.3 : 0;
  bad_send = random.chance(0.3) ? 0.1 : 0;
  clock_jump = rate(random, 0.3, kSecond, 10 * kSecond);
  has_bus = random.chance(0.7);
  bus.lose = one_of<double>(random, {0, 0.1, 0.9});
  bus.repeat = one_of<double>(random, {0, 0.1});
  bus.delay_max = one_of<Nanoseconds>(random, {Nanoseconds(0), kMs, kSecond});
  policies = random.chance(0.4) ? random.between(1, 3) : 0;
  bounds.policy_deadline = one_of<Nanoseconds>(random, {10 * kMs, 200 * kMs, kSecond});
  policy_speaks = one_of<double>(random, {0.05, 0.3});
  policy_slow = one_of<double>(random, {0, 0.2, 1});
  policy_late = one_of<double>(random, {0, 0.1, 0.5});
  lull = random.chance(0.5) ? 6 * kSecond : Nanoseconds(0);
  bounds.tail_check = one_of<Nanoseconds>(random, {kSecond, 2 * kSecond});
  bounds.tail_batch = one_of<std::size_t>(random, {1, 256});
  halt = rate(random, 0.3, 2 * kSecond, 20 * kSecond);
  strand = rate(random, 0.2, 2 * kSecond, 20 * kSecond);
  part = rate(random, 0.5, kSecond, 10 * kSecond);
  if (!has_bus || nodes == 1) part = Nanoseconds(0);
  isolate = rate(random, 0.2, 2 * kSecond, 20 * kSecond);
  bounds.hint_entry = one_of<std::size_t>(random, {0, 300, 4096});
}

std::vector<Plan::Knob> Plan::knobs() {
  return {{"open", &open},
          {"close", &close},
          {"cut", &cut},
          {"crash", &crash},
          {"power-off", &power_off},
          {"freeze", &freeze},
          {"strand", &strand},
          {"part", &part},
          {"isolate", &isolate},
          {"halt", &halt},
          {"slow", &slow},
          {"expiry", &expiry},
          {"clone", &clone},
          {"lull", &lull},
          {"clock-jump", &clock_jump},
          {"duplicate", nullptr, &duplicate},
          {"stale-duplicate", nullptr, &stale_duplicate},
          {"die-between", nullptr, &die_between},
          {"save-late", nullptr, &save_late},
          {"bad-send", nullptr, &bad_send},
          {"second-device", nullptr, &second_device},
          {"refuse", nullptr, &network.refuse},
          {"bus-loses", nullptr, &bus.lose},
          {"bus-repeats", nullptr, &bus.repeat},
          {"bus-delays", &bus.delay_max},
          {"policies-speak", nullptr, &policy_speaks},
          {"policies-slow", nullptr, &policy_slow},
          {"policies-late", nullptr, &policy_late},
          {"store-fails-before", nullptr, &store.fail_before},
          {"store-fails-after", nullptr, &store.fail_after}};
}

std::vector<std::string_view> Plan::faults() const {
  std::vector<std::string_view> names;
  Plan copy = *this;
  for (const Knob& knob : copy.knobs()) {
    if (knob.mean ? knob.mean->count() != 0 : *knob.chance > 0) names.push_back(knob.name);
  }
  return names;
}

bool Plan::drop(std::string_view fault) {
  for (const Knob& knob : knobs()) {
    if (knob.name != fault) continue;
    if (knob.mean) *knob.mean = Nanoseconds(0);
    if (knob.chance) *knob.chance = 0;
    return true;
  }
  return false;
}

}  // namespace kefu::sim
