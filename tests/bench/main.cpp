// kefu-bench: a load generator for kefu and for the servers that it is compared with. README.md
// says how it measures.
#include <sys/prctl.h>

#include <cstdio>
#include <exception>

#include "run.hpp"

namespace {

bench::Report measure(bench::Run& run, bench::Mode mode) {
  switch (mode) {
    case bench::Mode::idle:
      return run.idle();
    case bench::Mode::reconnect:
      return run.reconnect();
    case bench::Mode::prepare:
      return run.prepare();
    case bench::Mode::relay:
      break;
  }
  return run.relay();
}

}  // namespace

int main(int argc, char** argv) try {
  const bench::Options options = bench::read_options(argc, argv);
  prctl(PR_SET_TIMERSLACK, 1000UL);  // wake when it is due, not 50 us later
  bench::Run run(options);
  const bench::Report report = measure(run, options.mode);
  std::puts(options.json ? report.json().c_str() : report.table().c_str());
  if (!run.good()) std::fprintf(stderr, "kefu-bench: %s\n", run.what_was_wrong().c_str());
  return run.good() ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "kefu-bench: %s\n", error.what());
  return 2;
}
