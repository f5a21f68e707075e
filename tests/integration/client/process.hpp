// Processes that a test starts, and kills.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kefu::test {

/// A child, killed when this object goes. Its output comes here.
class Process {
 public:
  /// `environment`: "NAME=value", beside what the test has.
  explicit Process(const std::vector<std::string>& arguments,
                   const std::vector<std::string>& environment = {});
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// The next line that it says; nothing when it has ended.
  std::optional<std::string> line();
  /// Nothing happens when it has been waited for.
  void signal(int number);
  /// As a power cut would end it.
  void kill();
  /// Waits until it has ended, and answers its exit code; -1 when it was killed.
  int wait();
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string buffer_;
};

/// How the server is started.
struct HelpdeskOptions {
  std::string address = "127.0.0.1";
  double ping_interval = 30;  ///< seconds
  std::size_t wal_mb = 4;
  std::vector<std::string> under = {};  ///< a command that starts what follows it
  std::filesystem::path data = {};      ///< an empty folder; empty: one of its own
  std::vector<std::string> more = {};   ///< arguments
};

/// The server: examples/helpdesk on a folder and a port that stay the same over its lives.
class Helpdesk {
 public:
  explicit Helpdesk(HelpdeskOptions options = {});
  ~Helpdesk();

  /// Starts it, and returns when it serves. `environment`: of this life alone.
  void start(const std::vector<std::string>& environment = {});
  /// kill -9, and starts it again.
  void restart();
  void kill();
  /// Starts it, which may end before it serves, and answers its exit code as Process::wait() does.
  int run(const std::vector<std::string>& environment);
  void signal(int number) { process_->signal(number); }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return data_ / name; }
  [[nodiscard]] std::string token(const std::string& who, const std::string& role) const;

 private:
  void launch(const std::vector<std::string>& environment);

  const HelpdeskOptions options_;
  std::filesystem::path data_;
  std::uint16_t port_ = 0;
  std::optional<Process> process_;
};

/// ws://127.0.0.1:port/ws
[[nodiscard]] std::string url_of(std::uint16_t port, const std::string& host = "127.0.0.1");

}  // namespace kefu::test
