// kefu-sim-desk [--hubs 1] [--seeds n] [--first seed] [--seconds simulated] [--mutant name]
//
// Runs the desk's decisions alone or, with --hubs 1, inside of Hubs.
//
// Runs seeds and stops at the first violation, naming its seed. With a mutant it must find one, and
// fails when it does not.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "hub_world.hpp"
#include "world.hpp"

namespace {

struct Options {
  std::uint64_t seeds = 20;
  std::uint64_t first = 1;
  std::int64_t seconds = 300;
  std::string mutant = "none";
  bool hubs = false;
};

bool parse(int argc, char** argv, Options& out) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* const value = argv[i + 1];
    if (name == "--seeds") {
      out.seeds = std::strtoull(value, nullptr, 10);
    } else if (name == "--first") {
      out.first = std::strtoull(value, nullptr, 10);
    } else if (name == "--seconds") {
      out.seconds = std::strtoll(value, nullptr, 10);
    } else if (name == "--hubs") {
      out.hubs = std::strcmp(value, "0") != 0;
    } else if (name == "--mutant") {
      out.mutant = value;
    } else {
      return false;
    }
  }
  return argc % 2 == 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace kefu::sim;
  Options options;
  const bool good = parse(argc, argv, options);
  const auto mutant = mutant_from_name(options.mutant);
  if (!good || !mutant) return std::fputs("bad arguments; see main.cpp\n", stderr), 2;
  Totals sum;
  for (std::uint64_t seed = options.first; seed < options.first + options.seeds; ++seed) {
    try {
      const auto time = std::chrono::seconds(options.seconds);
      const Totals totals =
          options.hubs ? HubWorld(seed, *mutant).run(time) : World(seed, *mutant).run(time);
      sum.commits += totals.commits;
      sum.accepted += totals.accepted;
      sum.expired += totals.expired;
      sum.returned += totals.returned;
      sum.conflicts += totals.conflicts;
    } catch (const Violation& violation) {
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), violation.what());
      return *mutant == Mutant::none ? 1 : 0;
    }
  }
  const auto print = [](const char* name, std::uint64_t value) {
    std::printf("%s %llu  ", name, static_cast<unsigned long long>(value));
  };
  print("seeds", options.seeds);
  print("commits", sum.commits);
  print("lost races", sum.conflicts);
  print("accepted", sum.accepted);
  print("expired", sum.expired);
  print("returned", sum.returned);
  std::puts("");
  return *mutant == Mutant::none ? 0 : 1;
}
