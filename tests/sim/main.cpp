// kefu-sim: runs seeds, one after the other, and says of the first that fails how to run it again.
//
//   --seed N      one run; with --trace, what happens in it
//   --seeds N     so many, from --first on (1)
//   --fresh N     so many that were never run before
//   --seconds N   as many as fit into the time, from --first on
//   --twice N     so many, each twice: one seed is one run, step by step
//   --mutant NAME what is run is broken, and one of the runs must find it
//   --without A,B without these kinds of fault
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "world.hpp"

namespace {

using namespace kefu;
using namespace kefu::sim;

constexpr std::size_t kTraceTail = 200;  // lines shown of a run that failed

struct Options {
  std::uint64_t first = 1;
  std::uint64_t count = 1;
  std::uint64_t seconds = 0;
  Mutant mutant = Mutant::none;
  std::vector<std::string> without;
  bool one = false;
  bool twice = false;
  bool trace = false;
};

Plan plan_of(const Options& options, std::uint64_t seed) {
  Plan plan(seed);
  for (const std::string& fault : options.without) plan.drop(fault);
  return plan;
}

Report run(const Plan& plan, Mutant mutant, World::Trace trace = {}) {
  World world(plan, mutant, std::move(trace));
  return world.run();
}

/// The end of the run's trace: it is the same run again.
void show_trace(const Plan& plan, Mutant mutant) {
  std::deque<std::string> lines;
  run(plan, mutant, [&](const std::string& line) {
    lines.push_back(line);
    if (lines.size() > kTraceTail) lines.pop_front();
  });
  for (const std::string& line : lines) std::printf("  %s\n", line.c_str());
}

/// Leaves out every kind of fault without which the run fails too.
void minimise(Options& options, Plan& plan, Report& report) {
  for (const std::string_view fault : plan.faults()) {
    Plan less = plan;
    less.drop(fault);
    Report same = run(less, options.mutant);
    if (same.violation.empty()) continue;
    plan = less;
    report = std::move(same);
    options.without.emplace_back(fault);
  }
}

void show_failure(Options options, Plan plan, Report report) {
  const auto seed = static_cast<unsigned long long>(plan.seed);
  std::printf("seed %llu: %s\n", seed, report.violation.c_str());
  minimise(options, plan, report);
  std::printf("without faults that are not needed: %s\n", report.violation.c_str());
  std::string again = "kefu-sim --seed " + std::to_string(plan.seed);
  if (options.mutant != Mutant::none) again += " --mutant " + name(options.mutant);
  for (std::size_t i = 0; i < options.without.size(); ++i)
    again += (i == 0 ? " --without " : ",") + options.without[i];
  if (options.mutant == Mutant::none) show_trace(plan, options.mutant);
  std::printf("again: %s --trace\n", again.c_str());
}

int run_one(const Options& options) {
  World::Trace trace;
  if (options.trace) trace = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
  const Report report = run(plan_of(options, options.first), options.mutant, trace);
  std::printf("seed %llu: %s; %llu steps, %llu entries, hash %016llx\n",
              static_cast<unsigned long long>(options.first),
              report.violation.empty() ? "ok" : report.violation.c_str(),
              static_cast<unsigned long long>(report.steps),
              static_cast<unsigned long long>(report.entries),
              static_cast<unsigned long long>(report.hash));
  return report.violation.empty() ? 0 : 1;
}

int run_many(const Options& options) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const Clock::time_point end = start + std::chrono::seconds(options.seconds);
  std::uint64_t entries = 0;
  std::uint64_t faults = 0;
  std::uint64_t ran = 0;
  for (std::uint64_t seed = options.first;; ++seed, ++ran) {
    if (options.seconds ? Clock::now() >= end : ran == options.count) break;
    const Plan plan = plan_of(options, seed);
    const Report report = run(plan, options.mutant);
    entries += report.entries;
    faults += report.faults;
    if (options.twice && run(plan, options.mutant).hash != report.hash) {
      std::printf("seed %llu: two runs of it differ\n", static_cast<unsigned long long>(seed));
      return 1;
    }
    if (report.violation.empty()) continue;
    show_failure(options, plan, report);
    return options.mutant == Mutant::none ? 1 : 0;
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("%llu runs from seed %llu on, %llu entries, %llu faults, %.1f runs/s: no violation\n",
              static_cast<unsigned long long>(ran), static_cast<unsigned long long>(options.first),
              static_cast<unsigned long long>(entries), static_cast<unsigned long long>(faults),
              static_cast<double>(ran) / seconds);
  return options.mutant == Mutant::none ? 0 : 1;
}

bool parse_without(std::string_view list, std::vector<std::string>& out) {
  Plan plan(0);
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    out.emplace_back(list.substr(0, comma));
    if (!plan.drop(out.back())) return false;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return true;
}

bool parse_mutant(const char* text, Mutant& out) {
  for (std::size_t i = 0; i < kMutants; ++i) {
    out = static_cast<Mutant>(i);
    if (name(out) == text) return true;
  }
  return false;
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string option = argv[i];
    if (option == "--trace") {
      options.trace = true;
      continue;
    }
    if (++i == argc) return false;
    const std::uint64_t value = std::strtoull(argv[i], nullptr, 10);
    if (option == "--seed") {
      options.first = value;
      options.one = true;
    } else if (option == "--seeds") {
      options.count = value;
    } else if (option == "--fresh") {
      options.count = value;
      options.first = std::uint64_t{std::random_device{}()} << 20;
    } else if (option == "--first") {
      options.first = value;
    } else if (option == "--seconds") {
      options.seconds = value;
    } else if (option == "--twice") {
      options.count = value;
      options.twice = true;
    } else if (option == "--without") {
      if (!parse_without(argv[i], options.without)) return false;
    } else if (option != "--mutant" || !parse_mutant(argv[i], options.mutant)) {
      return false;
    }
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fputs(
        "usage: kefu-sim --seed N | --seeds N | --fresh N | --seconds N | --twice N "
        "[--first N] [--mutant NAME] [--without FAULT,…] [--trace]\n",
        stderr);
    return 2;
  }
  return options.one ? run_one(options) : run_many(options);
}
