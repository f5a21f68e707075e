// kefu-sim: runs seeds, one after the other, and says of the first that fails how to run it again.
//
//   --seed N      one run; with --trace, what happens in it
//   --seeds N     so many, from --first on (1)
//   --fresh N     so many that were never run before
//   --seconds N   as many as fit into the time, from --first on
//   --twice N     so many, each twice: one seed is one run, step by step
//   --mutant NAME what is run is broken, and one of the runs must find it
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <random>
#include <string>

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
  bool one = false;
  bool twice = false;
  bool trace = false;
};

Verdict run(std::uint64_t seed, Mutant mutant, World::Trace trace = {}) {
  const Plan plan(seed);
  World world(plan, mutant, std::move(trace));
  return world.run();
}

/// The end of the run's trace: it is the same run again.
void show_trace(std::uint64_t seed, Mutant mutant) {
  std::deque<std::string> lines;
  run(seed, mutant, [&](const std::string& line) {
    lines.push_back(line);
    if (lines.size() > kTraceTail) lines.pop_front();
  });
  for (const std::string& line : lines) std::printf("  %s\n", line.c_str());
}

void show_failure(std::uint64_t seed, Mutant mutant, const Verdict& verdict) {
  const std::string option = mutant == Mutant::none ? "" : " --mutant " + name(mutant);
  std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), verdict.violation.c_str());
  std::printf("again: kefu-sim --seed %llu%s --trace\n", static_cast<unsigned long long>(seed),
              option.c_str());
}

int run_one(const Options& options) {
  World::Trace trace;
  if (options.trace) trace = [](const std::string& line) { std::printf("%s\n", line.c_str()); };
  const Verdict verdict = run(options.first, options.mutant, trace);
  std::printf("seed %llu: %s; %llu steps, %llu entries, hash %016llx\n",
              static_cast<unsigned long long>(options.first),
              verdict.violation.empty() ? "ok" : verdict.violation.c_str(),
              static_cast<unsigned long long>(verdict.steps),
              static_cast<unsigned long long>(verdict.entries),
              static_cast<unsigned long long>(verdict.hash));
  return verdict.violation.empty() ? 0 : 1;
}

int run_many(const Options& options) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds);
  std::uint64_t entries = 0;
  std::uint64_t ran = 0;
  for (std::uint64_t seed = options.first;; ++seed, ++ran) {
    if (options.seconds ? std::chrono::steady_clock::now() >= end : ran == options.count) break;
    const Verdict verdict = run(seed, options.mutant);
    entries += verdict.entries;
    if (options.twice && run(seed, options.mutant).hash != verdict.hash) {
      std::printf("seed %llu: two runs of it differ\n", static_cast<unsigned long long>(seed));
      return 1;
    }
    if (verdict.violation.empty()) continue;
    show_failure(seed, options.mutant, verdict);
    if (options.mutant != Mutant::none) return 0;
    show_trace(seed, options.mutant);
    return 1;
  }
  std::printf("%llu runs, %llu entries, no violation\n", static_cast<unsigned long long>(ran),
              static_cast<unsigned long long>(entries));
  return options.mutant == Mutant::none ? 0 : 1;
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
        "[--first N] [--mutant NAME] [--trace]\n",
        stderr);
    return 2;
  }
  return options.one ? run_one(options) : run_many(options);
}
