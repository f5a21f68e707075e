#include "server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>

#include "descriptor.hpp"
#include "integration/free_port.hpp"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
// cnats reads and writes one TLS connection from two threads, as its authors see fit.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "race:libssl.so\n"; }
#endif
#endif

namespace kefu::test {
namespace {

sockaddr_in place(const std::string& host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = ::inet_addr(host.c_str());
  return address;
}

bool accepts(const std::string& host, std::uint16_t port) {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = place(host, port);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

NatsServer::NatsServer(std::vector<std::string> options, std::string address)
    : options_(std::move(options)), address_(std::move(address)), port_(free_port()) {}

NatsServer::~NatsServer() { kill(); }

void NatsServer::start() {
  std::vector<std::string> arguments{KEFU_NATS_SERVER, "-a", address_, "-p", std::to_string(port_)};
  arguments.insert(arguments.end(), options_.begin(), options_.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  server_ = ::fork();
  if (server_ == 0) {
    const int out = ::open("/dev/null", O_WRONLY);
    ::dup2(out, 1);
    ::dup2(out, 2);
    // A test that dies takes its server along.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!accepts(address_, port_)) {
    if (::waitpid(server_, nullptr, WNOHANG) == server_ || std::chrono::steady_clock::now() > end)
      throw std::runtime_error("nats-server does not start");
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void NatsServer::kill() {
  if (server_ <= 0) return;
  ::kill(server_, SIGKILL);
  ::waitpid(server_, nullptr, 0);
  server_ = -1;
}

void NatsServer::freeze() const { ::kill(server_, SIGSTOP); }
void NatsServer::thaw() const { ::kill(server_, SIGCONT); }

}  // namespace kefu::test
