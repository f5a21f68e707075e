#include "scan.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <utility>

namespace helpdesk {
namespace {

constexpr std::size_t kThreads = 2;  // programs at once
constexpr int kClean = 0;
constexpr int kRefused = 1;

/// The program with a file as its standard input; -1 when it can't be started.
pid_t start(const std::string& program, int file) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, file, STDIN_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  std::string name = program;
  char* const arguments[] = {name.data(), nullptr};
  pid_t pid = -1;
  const int failed = posix_spawnp(&pid, program.c_str(), &actions, nullptr, arguments, environ);
  posix_spawn_file_actions_destroy(&actions);
  return failed == 0 ? pid : -1;
}

/// Waits until it has ended, `stop` is readable, or the time is over. Without a word from the
/// system it is not waited for.
void await_end(pid_t pid, int stop, int milliseconds) {
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (process < 0) return;
  pollfd both[] = {{process, POLLIN, 0}, {stop, POLLIN, 0}};
  while (::poll(both, 2, milliseconds) < 0 && errno == EINTR) {
  }
  ::close(process);
}

}  // namespace

CommandScanner::CommandScanner(std::string program, kefu::Executor& executor)
    : program_{std::move(program)}, executor_{executor}, ending_{::eventfd(0, EFD_CLOEXEC)} {
  if (ending_ < 0) throw std::system_error(errno, std::system_category(), "eventfd");
  for (std::size_t i = 0; i != kThreads; ++i) threads_.emplace_back([this] { work(); });
}

CommandScanner::~CommandScanner() {
  {
    const std::lock_guard lock{mutex_};
    ended_ = true;
  }
  const std::uint64_t one = 1;
  (void)!::write(ending_, &one, sizeof one);
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  for (Job& job : jobs_) job.done(kefu::errc::shutting_down);
  ::close(ending_);
}

void CommandScanner::scan(const kefu::FileInfo&, std::unique_ptr<kefu::FileSource> source,
                          kefu::Instant deadline,
                          kefu::Completion<kefu::result<kefu::FileVerdict>> done) {
  const std::lock_guard lock{mutex_};
  jobs_.push_back({std::move(source), deadline, std::move(done)});
  changed_.notify_one();
}

void CommandScanner::work() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [this] { return ended_ || !jobs_.empty(); });
      if (ended_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    const auto verdict = run(job);
    if (!verdict) spdlog::warn("files: {} could not judge one", program_);
    job.done(verdict);
  }
}

kefu::result<kefu::FileVerdict> CommandScanner::run(const Job& job) const {
  if (job.source->descriptor() < 0) return kefu::errc::unsupported;
  const pid_t pid = start(program_, job.source->descriptor());
  if (pid < 0) return kefu::errc::unavailable;
  const auto left = (job.deadline - executor_.now()) / kefu::Milliseconds{1};
  await_end(pid, ending_, static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000)));
  ::kill(pid, SIGKILL);  // of one that has ended, nothing: it is not waited for yet
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status)) return kefu::errc::timed_out;
  if (WEXITSTATUS(status) == kClean) return kefu::FileVerdict::clean;
  if (WEXITSTATUS(status) == kRefused) return kefu::FileVerdict::refused;
  return kefu::errc::unavailable;
}

}  // namespace helpdesk
