// A thousand devices of one agent that don't read, and a visitor who writes without end: the bytes
// held back stay below the server's bound, the visitor is served, and a device that reads at last
// has everything, from the log.
#include <sys/resource.h>

#include <kefu/hub.hpp>
#include <kefu/memory/store.hpp>
#include <kefu/net/server.hpp>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>

#include "integration/overload/people.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;
using net::testing::Stream;
using net::testing::WsClient;

constexpr std::size_t kReaders = 1000;
constexpr std::size_t kMessages = 300;
constexpr std::size_t kBody = 8000;  // bytes: 2.4 GB for all, had they to be kept for each
constexpr std::size_t kBound = 32 * 1024 * 1024;
constexpr std::size_t kChecked = 5;  // readers that read in the end
constexpr std::string_view kId = "0199c1d2-0000-7000-8000-000000000001";

class Host {
 public:
  Host()
      : store_{clock_},
        hub_{loops_.executors(), store_, hub_options()},
        server_{loops_, options()} {
    hub_.authenticate(std::make_unique<PlainTokens>());
    server_.serve(hub_);
    thread_ = std::thread{[this] { loops_.run(); }};
  }
  ~Host() {
    loops_.stop();
    thread_.join();
  }
  [[nodiscard]] net::Server& server() { return server_; }

 private:
  static net::ServerOptions options() {
    net::ServerOptions out;
    out.port = 0;
    out.max_buffered = kBound;
    return out;
  }
  static HubOptions hub_options() {
    HubOptions out;
    out.limits.frames_per_second_of_participant = 0;  // all readers are one
    return out;
  }

  SystemClock clock_;
  net::Loops loops_{2};
  memory::Store store_;
  Hub hub_;
  net::Server server_;
  std::thread thread_;
};

std::string in_conversation() { return R"("conversation":")" + std::string{kId} + '"'; }

std::size_t resident() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1024;
}

void run() {
  Host host;
  const std::uint16_t port = host.server().port();
  WsClient visitor{port}, agent{port};
  hello(visitor, "visitor v");
  await(visitor, "\"welcome\"");
  visitor.send(R"({"type":"open","id":")" + std::string{kId} + "\"}");
  await(visitor, "\"joined\"");
  hello(agent, "agent a");
  await(agent, "\"welcome\"");
  agent.send(R"({"type":"accept",)" + in_conversation() + "}");
  await(agent, "\"joined\"");

  Stream::Options small;
  small.receive_buffer = 4096;
  std::deque<WsClient> readers;
  for (std::size_t i = 0; i < kReaders; ++i) hello(readers.emplace_back(port, small), "agent a");
  for (WsClient& reader : readers) await(reader, "\"welcome\"");
  const std::size_t before = resident();

  const std::string body(kBody, 'x');
  std::size_t most = 0;
  for (std::size_t cseq = 1; cseq <= kMessages; ++cseq) {
    visitor.send(R"({"type":"send",)" + in_conversation() + ",\"cseq\":" + std::to_string(cseq) +
                 ",\"body\":\"" + body + "\"}");
    await(visitor, "\"ack\"");
    most = std::max(most, host.server().buffered());
  }
  const std::size_t grown = resident() - before;
  std::printf(
      "%zu stalled readers, %zu messages of %zu bytes: at most %.1f MiB held back, bound %.1f; "
      "the process grew by %.1f MiB, its log included\n",
      kReaders, kMessages, kBody, static_cast<double>(most) / 1048576,
      static_cast<double>(kBound) / 1048576, static_cast<double>(grown) / 1048576);
  require(most <= kBound, "more was held back than the bound");

  const std::size_t tail = kMessages + 2;  // opened, assigned
  for (std::size_t i = 0; i < kChecked; ++i) {
    std::size_t position = 0;
    while (position < tail) {
      const std::string frame = await(readers[i * (kReaders / kChecked)], "\"entry\"");
      const std::size_t at = frame.find("\"seq\":");
      const std::size_t seq = std::stoul(frame.substr(at + 6));
      require(seq == position + 1, "an entry is missing before " + std::to_string(seq));
      position = seq;
    }
  }
  std::printf("%zu of them read to the end, complete\n", kChecked);
}

}  // namespace

int main() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  try {
    run();
    return 0;
  } catch (const std::exception& error) {
    std::printf("FAILED: %s\n", error.what());
    return 1;
  }
}
