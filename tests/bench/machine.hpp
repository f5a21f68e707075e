// What the kernel says about this machine, the server's process and ourselves.
#pragma once

#include <cstdint>

namespace bench {

/// Monotonic, in nanoseconds.
[[nodiscard]] std::uint64_t now_ns();

/// CPU time so far, in seconds, and the server's memory. Zeros for pid 0.
struct Usage {
  double server_user = 0;
  double server_system = 0;
  double self = 0;            ///< this process
  double machine = 0;         ///< all CPUs, whatever was done
  double steal = 0;           ///< taken by the hypervisor
  std::uint64_t rss_kb = 0;   ///< the server's: VmRSS
  std::uint64_t peak_kb = 0;  ///< VmHWM
  std::uint64_t at_ns = 0;

  [[nodiscard]] double server() const { return server_user + server_system; }
};

[[nodiscard]] Usage usage(int server_pid);

}  // namespace bench
