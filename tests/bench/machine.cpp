#include "machine.hpp"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace bench {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

void read_process(int pid, double tick, Usage& out) {
  const std::string folder = "/proc/" + std::to_string(pid);
  std::ifstream stat(folder + "/stat");
  const std::string text{std::istreambuf_iterator<char>(stat), {}};
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return;
  // proc(5): after the name come state (3) … utime (14), stime (15).
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  out.server_user = user / tick;
  out.server_system = system / tick;

  std::ifstream status(folder + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmRSS:", 0) == 0) out.rss_kb = std::stoull(line.substr(6));
    if (line.rfind("VmHWM:", 0) == 0) out.peak_kb = std::stoull(line.substr(6));
  }
}

}  // namespace

std::uint64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

Usage usage(int server_pid) {
  Usage out;
  const auto tick = static_cast<double>(sysconf(_SC_CLK_TCK));
  if (server_pid != 0) read_process(server_pid, tick, out);

  rusage own{};
  getrusage(RUSAGE_SELF, &own);
  out.self = seconds(own.ru_utime) + seconds(own.ru_stime);

  // proc(5): user, nice, system, idle, iowait, irq, softirq, steal.
  std::ifstream stat("/proc/stat");
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  stat >> cpu >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal;
  out.machine = (user + nice + system + irq + softirq) / tick;
  out.steal = steal / tick;
  out.at_ns = now_ns();
  return out;
}

}  // namespace bench
