// Cluster: a PostgreSQL server of the test's own, in a temporary folder, on a unix socket there. It
// ends with the test, and with the thread that started it.
#pragma once

#include <sys/types.h>

#include <string>

namespace kefu::test {

class Cluster {
 public:
  /// Throws std::runtime_error with what the server's programs said. As root, which they refuse, it
  /// runs them as nobody. With an address it also listens there, to everybody.
  explicit Cluster(std::string address = "");
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// Without sync to disk: what a test can't find out by ending a process.
  void start();
  /// Ends it as a crash would, or in order; both wait for the end.
  void kill();
  void stop();

  [[nodiscard]] const std::string& folder() const { return folder_; }
  /// The folder with the socket ".s.PGSQL.5432".
  [[nodiscard]] std::string conninfo() const { return conninfo(folder_); }
  /// Of a socket elsewhere.
  [[nodiscard]] static std::string conninfo(const std::string& folder);

  /// Runs statements; throws std::runtime_error. Answers the first column of the last row.
  std::string execute(const std::string& sql);
  /// Ends every other session, also one whose client has gone in the midst of a statement.
  void end_sessions();

 private:
  void wait_for_end();

  std::string address_;
  std::string folder_;
  pid_t server_ = -1;
};

}  // namespace kefu::test
