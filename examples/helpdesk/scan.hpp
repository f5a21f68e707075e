// What people send each other is judged by a program, such as a virus scanner.
#pragma once

#include <condition_variable>
#include <deque>
#include <kefu/executor.hpp>
#include <kefu/file_scan.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace helpdesk {

/// Runs the program for each file, which is its standard input. It ends with 0 when the file is
/// clean and with 1 when it is refused; with anything else, or after the deadline, it could not
/// judge it, and then it is refused. It runs with the rights of this process.
class CommandScanner final : public kefu::FileScanner {
 public:
  /// `executor` is that of the ScannedFiles, whose deadlines are on its clock.
  CommandScanner(std::string program, kefu::Executor& executor);
  /// Ends the programs that run.
  ~CommandScanner() override;

  void scan(const kefu::FileInfo& info, std::unique_ptr<kefu::FileSource> source,
            kefu::Instant deadline,
            kefu::Completion<kefu::result<kefu::FileVerdict>> done) override;
  [[nodiscard]] kefu::OnTimeout on_timeout() const override { return kefu::OnTimeout::deny; }

 private:
  struct Job {
    std::unique_ptr<kefu::FileSource> source;
    kefu::Instant deadline;
    kefu::Completion<kefu::result<kefu::FileVerdict>> done;
  };

  void work();
  [[nodiscard]] kefu::result<kefu::FileVerdict> run(const Job& job) const;

  const std::string program_;
  kefu::Executor& executor_;
  int ending_;  ///< a descriptor that becomes readable when this ends
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;  // guarded by the mutex
  bool ended_ = false;    // too
  std::vector<std::thread> threads_;
};

}  // namespace helpdesk
