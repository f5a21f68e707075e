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
  explicit Process(const std::vector<std::string>& arguments);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// The next line that it says; nothing when it has ended.
  std::optional<std::string> line();
  /// As a power cut would end it.
  void kill();
  /// Waits until it has ended, and answers its exit code; -1 when it was killed.
  int wait();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string buffer_;
};

/// The server: examples/helpdesk on a folder and a port that stay the same over its lives.
class Helpdesk {
 public:
  Helpdesk();
  ~Helpdesk();

  /// Starts it, and returns when it serves.
  void start();
  /// kill -9, and starts it again.
  void restart();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return data_ / name; }
  [[nodiscard]] std::string token(const std::string& who, const std::string& role) const;

 private:
  std::filesystem::path data_;
  std::uint16_t port_ = 0;
  std::optional<Process> process_;
};

/// ws://127.0.0.1:port/ws
[[nodiscard]] std::string url_of(std::uint16_t port);

}  // namespace kefu::test
