#include "integration/client/process.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <kefu/auth.hpp>
#include <stdexcept>
#include <utility>

#include "integration/free_port.hpp"

namespace kefu::test {

Process::Process(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& environment) {
  std::vector<char*> argv;
  for (const std::string& one : arguments) argv.push_back(const_cast<char*>(one.c_str()));
  argv.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // whatever becomes of the test, nothing stays behind
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(ends[1], STDERR_FILENO);
    for (const std::string& one : environment) ::putenv(const_cast<char*>(one.c_str()));
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  output_ = ends[0];
}

Process::~Process() {
  kill();
  wait();
  ::close(output_);
}

std::optional<std::string> Process::line() {
  for (;;) {
    if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
      std::string out = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return out;
    }
    char chunk[4096];
    const ssize_t got = ::read(output_, chunk, sizeof chunk);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    buffer_.append(chunk, static_cast<std::size_t>(got));
  }
}

void Process::signal(int number) {
  if (pid_ > 0) ::kill(pid_, number);
}

void Process::kill() { signal(SIGKILL); }

int Process::wait() {
  if (pid_ <= 0) return -1;
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Helpdesk::Helpdesk(HelpdeskOptions options)
    : options_(std::move(options)), data_(options_.data), port_(free_port()) {
  if (!data_.empty()) return;
  std::string name = (std::filesystem::temp_directory_path() / "kefu-client-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  data_ = name;
}

Helpdesk::~Helpdesk() {
  process_.reset();
  std::error_code ignored;
  for (const auto& one : std::filesystem::directory_iterator(data_, ignored)) {
    if (!one.path().filename().string().starts_with("race.")) continue;
    std::ifstream stream(one.path());
    FAIL_CHECK(std::string(std::istreambuf_iterator<char>(stream), {}));
  }
  std::filesystem::remove_all(data_, ignored);
}

void Helpdesk::launch(const std::vector<std::string>& environment) {
  std::vector<std::string> command = options_.under;
  for (std::string one :
       {std::string(KEFU_HELPDESK), std::string("--address"), options_.address,
        std::string("--port"), std::to_string(port_), std::string("--data"), data_.string(),
        std::string("--ping-interval"), std::to_string(options_.ping_interval),
        std::string("--wal-mb"), std::to_string(options_.wal_mb),
        // The tests say who talks to whom, and for how long somebody is away.
        std::string("--routing"), std::string("pick"), std::string("--capacity"),
        std::string("1000"), std::string("--grace"), std::string("86400"),
        std::string("--secret-file"), file("secret").string()})
    command.push_back(std::move(one));
  command.insert(command.end(), options_.more.begin(), options_.more.end());
  if (!std::filesystem::exists(file("secret")))
    std::ofstream(file("secret")) << "the secret of a test, which is long enough";
  std::vector<std::string> all = environment;
  if (KEFU_SANITIZED) all.push_back("TSAN_OPTIONS=log_path=" + file("race").string());
  process_.emplace(command, all);
}

void Helpdesk::start(const std::vector<std::string>& environment) {
  launch(environment);
  std::string said;
  while (const auto line = process_->line()) {
    if (line->find("visitor page") != std::string::npos) return;
    said += *line + "\n";
  }
  throw std::runtime_error("the server does not start: " + said);
}

void Helpdesk::restart() {
  kill();
  start();
}

void Helpdesk::kill() { process_.reset(); }

int Helpdesk::run(const std::vector<std::string>& environment) {
  launch(environment);
  while (process_->line()) {
  }
  return process_->wait();
}

std::string Helpdesk::token(const std::string& who, const std::string& role) const {
  std::ifstream stream(file("secret"));
  const std::string secret{std::istreambuf_iterator<char>(stream), {}};
  const Timestamp end = SystemClock().now() + std::chrono::hours(2);
  return sign_jwt_hs256(secret, {{who, *role_from_name(role)}, end});
}

std::string url_of(std::uint16_t port, const std::string& host) {
  return "ws://" + host + ":" + std::to_string(port) + "/ws";
}

}  // namespace kefu::test
