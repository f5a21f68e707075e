// Ten times what the server can take, from clients that know no window and no pause: it refuses
// with a type, stays within its bounds, goes on serving, and is as before when they have stopped.
// Then it is killed, and what it had acknowledged is there, once and in order.
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kefu/hub.hpp>
#include <kefu/net/metrics.hpp>
#include <kefu/net/server.hpp>
#include <kefu/sqlite/store.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "integration/overload/people.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;
using net::testing::HttpClient;
using net::testing::Received;
using net::testing::WsClient;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::size_t kFlooders = 100;
constexpr std::size_t kBody = 200;               // bytes
constexpr std::size_t kMostUnsent = 256 * 1024;  // bytes that a flooder keeps for a full network
constexpr std::uint64_t kWindow = 32;
constexpr std::size_t kPendingDrafts = 1024;
constexpr std::size_t kPendingBytes = 1024 * 1024;
constexpr std::size_t kMostBuffered = 32 * 1024 * 1024;
constexpr std::size_t kFramesPerSecond = 500;

// ---- the server, a process of its own

[[noreturn]] void serve(const std::filesystem::path& folder, int to_parent) {
  HubOptions options;
  options.limits.window = kWindow;
  options.limits.pending_drafts = kPendingDrafts;
  options.limits.pending_bytes = kPendingBytes;
  options.limits.frames_per_second = kFramesPerSecond;
  net::ServerOptions server_options;
  server_options.port = 0;
  server_options.max_buffered = kMostBuffered;
  net::Loops loops;
  sqlite::Store store{(folder / "kefu.db").string()};
  Hub hub{loops.executors(), store, options};
  hub.authenticate(std::make_unique<PlainTokens>());
  net::Server server{loops, server_options};
  net::serve_metrics(server, hub);
  server.serve(hub);
  const std::uint16_t port = server.port();
  require(::write(to_parent, &port, sizeof port) == sizeof port, "the port");
  loops.run();
  std::abort();  // it is killed
}

class ServerProcess {
 public:
  explicit ServerProcess(const std::filesystem::path& folder) {
    int ends[2];
    require(::pipe2(ends, O_CLOEXEC) == 0, "a pipe");
    pid_ = ::fork();
    if (pid_ == 0) serve(folder, ends[1]);
    ::close(ends[1]);
    const bool told = ::read(ends[0], &port_, sizeof port_) == sizeof port_;
    ::close(ends[0]);
    require(told, "the server does not start");
  }
  ~ServerProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// MiB; VmRSS or VmHWM, its peak.
  [[nodiscard]] double memory(const std::string& which) const {
    std::ifstream status{"/proc/" + std::to_string(pid_) + "/status"};
    for (std::string word; status >> word;) {
      if (word != which + ":") continue;
      double kib = 0;
      status >> kib;
      return kib / 1024;
    }
    return 0;
  }

 private:
  pid_t pid_ = -1;
  std::uint16_t port_ = 0;
};

// ---- its clients, all on this thread

std::string conversation_of(std::size_t number) {
  char text[64];
  std::snprintf(text, sizeof text, "0199c1d2-0000-7000-8000-%012zx", number);
  return text;
}

std::string send_frame(const std::string& conversation, std::uint64_t cseq) {
  std::string body = "m-" + std::to_string(cseq) + "-";
  body.resize(kBody, 'x');
  return R"({"type":"send","conversation":")" + conversation + R"(","cseq":)" +
         std::to_string(cseq) + R"(,"body":")" + body + "\"}";
}

std::uint64_t number_behind(const std::string& frame, const std::string& key) {
  const std::size_t at = frame.find(key);
  return at == std::string::npos ? 0 : std::stoull(frame.substr(at + key.size()));
}

using Refusals = std::map<std::string, std::uint64_t>;

/// A visitor in a conversation of their own, who never waits.
class Flooder {
 public:
  Flooder(std::uint16_t port, std::size_t number)
      : client_{port}, conversation_{conversation_of(number)} {
    hello(client_, "visitor v" + std::to_string(number));
    await(client_, "\"welcome\"");
    client_.send(R"({"type":"open","id":")" + conversation_ + "\"}");
    await(client_, "\"joined\"");
    const int socket = client_.stream().descriptor();
    ::fcntl(socket, F_SETFL, ::fcntl(socket, F_GETFL) | O_NONBLOCK);
  }

  /// One more frame: what has no outcome, again and again. False when the server reads too little.
  bool offer() {
    if (outbox_.size() > kMostUnsent) return false;
    next_ = next_ >= acked_ + kWindow || next_ < acked_ ? acked_ + 1 : next_ + 1;
    put(next_);
    return true;
  }
  /// As a good client does it: the next one, if fewer than so many have no outcome.
  void offer_in_turn(std::uint64_t window) {
    while (highest_ < acked_ + window) put(highest_ + 1);
  }
  /// What was sent and has no outcome, once more.
  void repeat() {
    for (std::uint64_t cseq = acked_ + 1; cseq <= highest_; ++cseq) put(cseq);
  }

  void work(Refusals& refusals) {
    if (!outbox_.empty()) outbox_.erase(0, client_.stream().write_some(outbox_));
    while (client_.readable()) hear(client_.receive(), refusals);
  }

  [[nodiscard]] std::uint64_t acked() const { return acked_; }
  [[nodiscard]] std::uint64_t written() const { return written_; }
  [[nodiscard]] bool settled() const { return outbox_.empty() && acked_ == highest_; }
  [[nodiscard]] bool quiet() const { return outbox_.empty(); }
  [[nodiscard]] const std::string& conversation() const { return conversation_; }

 private:
  void put(std::uint64_t cseq) {
    outbox_ += net::testing::masked_frame(net::websocket::Opcode::text, true,
                                          send_frame(conversation_, cseq));
    highest_ = std::max(highest_, cseq);
    ++written_;
  }
  void hear(const Received& received, Refusals& refusals) {
    require(received.kind != net::websocket::EventKind::close &&
                received.kind != net::websocket::EventKind::need_more,
            "a flooder was cut: " + received.text);
    if (received.text.find("\"type\":\"ack\"") != std::string::npos)
      acked_ = std::max(acked_, number_behind(received.text, "\"cseq\":"));
    const std::size_t at = received.text.find("\"code\":\"");
    if (at == std::string::npos) return;
    const std::size_t from = at + 8;
    ++refusals[received.text.substr(from, received.text.find('"', from) - from)];
  }

  WsClient client_;
  std::string conversation_;
  std::string outbox_;
  std::uint64_t acked_ = 0;    // all up to here
  std::uint64_t highest_ = 0;  // that was ever sent
  std::uint64_t next_ = 0;
  std::uint64_t written_ = 0;
};

void report(const char* when, std::vector<double> ms) {
  if (ms.empty()) return;
  std::ranges::sort(ms);
  std::printf("  a normal client %s: %zu sends, p50 %.2f ms, p99 %.2f ms, longest %.2f ms\n", when,
              ms.size(), ms[ms.size() / 2], ms[ms.size() * 99 / 100], ms.back());
}

/// One who sends, awaits the ack, and sends again.
class Normal {
 public:
  explicit Normal(std::uint16_t port) : one_{port, 0} {}

  /// Gets on without waiting.
  void work() {
    Refusals refusals;
    one_.work(refusals);
    for (const auto& [code, count] : refusals) refused_ += count;
    if (one_.settled()) {
      if (began_ != Clock::time_point{}) took_.push_back(since() * 1000);
      one_.offer_in_turn(1);
      began_ = Clock::now();
    } else if (!refusals.empty()) {
      one_.repeat();  // at once: it has no patience
    }
  }
  std::vector<double> latencies(std::size_t count) {
    took_.clear();
    began_ = {};
    const auto end = Clock::now() + net::testing::kPatience;
    while (took_.size() < count) {
      work();
      require(Clock::now() < end, "a normal client is not served");
    }
    return took_;
  }
  std::vector<double> taken() { return std::exchange(took_, {}); }
  [[nodiscard]] std::uint64_t refused() const { return refused_; }

 private:
  [[nodiscard]] double since() const { return Seconds(Clock::now() - began_).count(); }

  Flooder one_;
  Clock::time_point began_{};
  std::vector<double> took_;
  std::uint64_t refused_ = 0;
};

struct Gauges {
  std::uint64_t drafts = 0, bytes = 0, buffered = 0;
};

void look(std::uint16_t port, Gauges& most) {
  HttpClient http{port};
  const std::string body = http.get("/metrics").body;
  most.drafts = std::max(most.drafts, number_behind(body, "\nkefu_pending_drafts "));
  most.bytes = std::max(most.bytes, number_behind(body, "\nkefu_pending_bytes "));
  most.buffered = std::max(most.buffered, number_behind(body, "\nkefu_server_buffered_bytes "));
}

std::uint64_t acked_of(const std::deque<Flooder>& flooders) {
  std::uint64_t sum = 0;
  for (const Flooder& one : flooders) sum += one.acked();
  return sum;
}

/// Until everything that was ever sent has its ack. Seconds.
double recover(std::deque<Flooder>& flooders) {
  Refusals refusals;
  const auto begin = Clock::now();
  const auto end = begin + net::testing::kPatience;
  auto repeated = begin;
  while (!std::ranges::all_of(flooders, &Flooder::settled)) {
    const bool again = Clock::now() - repeated > std::chrono::milliseconds{300};
    if (again) repeated = Clock::now();
    for (Flooder& one : flooders) {
      if (again && one.quiet()) one.repeat();
      one.work(refusals);
    }
    require(Clock::now() < end, "it does not recover");
  }
  return Seconds(Clock::now() - begin).count();
}

/// Acknowledged sends a second, from clients that keep to a window.
double capacity(std::deque<Flooder>& flooders, double seconds) {
  Refusals refusals;
  const auto begin = Clock::now();
  const std::uint64_t before = acked_of(flooders);
  while (Seconds(Clock::now() - begin).count() < seconds) {
    for (Flooder& one : flooders) {
      one.offer_in_turn(8);
      one.work(refusals);
    }
  }
  const double took = Seconds(Clock::now() - begin).count();
  const double rate = static_cast<double>(acked_of(flooders) - before) / took;
  recover(flooders);
  return rate;
}

void flood(std::deque<Flooder>& flooders, Normal& normal, const ServerProcess& server, double rate,
           double seconds) {
  Refusals refusals;
  Gauges most;
  std::uint64_t offered = 0, unsent = 0, written = 0;
  for (const Flooder& one : flooders) written += one.written();
  const std::uint64_t acked = acked_of(flooders);
  const auto begin = Clock::now();
  double took = 0, looked = 0;
  while ((took = Seconds(Clock::now() - begin).count()) < seconds) {
    for (const auto due = static_cast<std::uint64_t>(rate * took); offered < due; ++offered) {
      if (!flooders[offered % flooders.size()].offer()) ++unsent;
    }
    for (Flooder& one : flooders) one.work(refusals);
    normal.work();
    if (took - looked < 0.2) continue;
    looked = took;
    look(server.port(), most);
  }
  std::uint64_t written_then = 0;
  for (const Flooder& one : flooders) written_then += one.written();
  const double goodput = static_cast<double>(acked_of(flooders) - acked) / took;
  std::printf(
      "  offered %.0f a second for %.1f s: %lu, of which %lu were sent, %lu found the "
      "network full; %.0f a second were stored and acknowledged\n",
      static_cast<double>(offered) / took, took, offered, written_then - written, unsent, goodput);
  std::printf("  refused:");
  for (const auto& [code, count] : refusals) std::printf(" %s %lu", code.c_str(), count);
  std::printf(
      "\n  most drafts without an outcome %lu (bound %zu), their bytes %lu (bound %zu), "
      "held back %.1f MiB (bound %.0f)\n",
      most.drafts, kPendingDrafts, most.bytes, kPendingBytes,
      static_cast<double>(most.buffered) / 1048576, static_cast<double>(kMostBuffered) / 1048576);
  require(refusals["rate_limited"] != 0 && refusals["overloaded"] != 0, "nothing was refused");
  for (const auto& [code, count] : refusals)
    require(code == "rate_limited" || code == "overloaded" || code == "gap", "refused as " + code);
  require(goodput > 0, "nobody is served under overload");
  require(most.drafts <= kPendingDrafts && most.bytes <= kPendingBytes + kBody,
          "too many drafts wait");
  require(most.buffered <= kMostBuffered, "more is held back than the bound");
}

/// Reads a conversation whole, as somebody who has just come, and answers how many there are.
std::uint64_t count_stored(std::uint16_t port, std::size_t number) {
  WsClient client{port};
  hello(client, "visitor v" + std::to_string(number));
  await(client, "\"welcome\"");
  const std::string id = conversation_of(number);
  std::uint64_t position = 0, cseq = 0;
  for (;;) {
    client.send(R"({"type":"history","conversation":")" + id + R"(","after":)" +
                std::to_string(position) + R"(,"limit":200})");
    const std::string page = await(client, "\"type\":\"history\"");
    const std::uint64_t before = position;
    for (std::size_t at = 0; (at = page.find("\"seq\":", at)) != std::string::npos; ++at)
      position = std::max(position, number_behind(page.substr(at, 40), "\"seq\":"));
    for (std::size_t at = 0; (at = page.find("\"body\":\"m-", at)) != std::string::npos; ++at) {
      require(number_behind(page.substr(at, 40), "\"body\":\"m-") == cseq + 1,
              "a message is lost, double or out of order in " + id);
      ++cseq;
    }
    if (position == before) return cseq;
  }
}

void run(const std::filesystem::path& folder, double seconds) {
  std::vector<std::uint64_t> acked;
  {
    ServerProcess server{folder};
    Normal normal{server.port()};
    std::deque<Flooder> flooders;
    for (std::size_t i = 1; i <= kFlooders; ++i) flooders.emplace_back(server.port(), i);
    const std::vector<double> before = normal.latencies(300);
    const double most = capacity(flooders, 1.5);
    const double resident = server.memory("VmRSS");
    std::printf("%zu clients that keep to the window: %.0f sends a second are acknowledged\n",
                flooders.size(), most);
    // On a slow disk ten times what it takes may still be what each client is allowed.
    const double allowed = static_cast<double>(kFlooders * kFramesPerSecond);
    flood(flooders, normal, server, std::max(10 * most, 2 * allowed), seconds);
    const std::vector<double> during = normal.taken();
    std::printf("  resident %.1f MiB before, %.1f MiB at most\n", resident, server.memory("VmHWM"));
    std::printf("  everything sent is acknowledged %.2f s after the last of it\n",
                recover(flooders));
    report("before", before);
    report("meanwhile", during);
    report("afterwards", normal.latencies(300));
    std::printf("  it was refused %lu times, and always served in the end\n", normal.refused());
    require(server.memory("VmHWM") - resident < kMostBuffered / 1048576.0 + 32,
            "it took more memory than its bounds allow");
    for (const Flooder& one : flooders) acked.push_back(one.acked());
  }
  ServerProcess again{folder};  // the one before was killed
  std::uint64_t sum = 0;
  for (std::size_t i = 1; i <= kFlooders; ++i) {
    const std::uint64_t stored = count_stored(again.port(), i);
    require(stored >= acked[i - 1], "an acknowledged message is lost");
    sum += stored;
  }
  std::printf(
      "  after kill -9: %lu messages in %zu conversations, each once and in order, none of "
      "those acknowledged missing\n",
      sum, kFlooders);
}

}  // namespace

int main(int argc, char** argv) {
  const auto folder =
      std::filesystem::temp_directory_path() / ("kefu-flood-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  int result = 1;
  try {
    run(folder, argc > 1 ? std::atof(argv[1]) : 4);
    result = 0;
  } catch (const std::exception& error) {
    std::printf("FAILED: %s\n", error.what());
  }
  std::filesystem::remove_all(folder);
  return result;
}
