#include "options.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string_view>

#include "load.hpp"
#include "machine.hpp"

namespace bench {
namespace {

constexpr const char* kUsage = R"(usage: kefu-bench relay|idle|reconnect|prepare --port P [options]

  --target kefu|raw|durable   what listens there: kefu.v1, a relay of plain messages, or the bare durable relay
  --nodes N                   servers, on N ports from P on; the visitor and the agent of a conversation are at different ones
  --pid PID                   of the server, for its CPU and memory
  --secret S | --secret-file F   that signs the tokens (kefu)
  --path /ws  --prefix S  --concurrency N  --connect-timeout SECS  --batch N  --json

relay       --pairs N --fanin F --body BYTES (--window W | --rate MESSAGES_A_SECOND [--spin])
            --secs S --warmup S --drain S --delivered-every K (0: never) --delivered-flush SECS
idle        --conns N --hold SECS
reconnect   --conns N --rounds R --hold SECS --inflight K
prepare     --pairs N --fanin F --tokens FILE   conversations for another generator, numbered in their ids (kefu)

Only 127.0.0.1 is spoken to. Exit status: 0, 1 when something was lost, doubled or out of order, 2 when the run failed.
README.md beside the source says how it measures.
)";

[[noreturn]] void refuse(const std::string& what) {
  std::fprintf(stderr, "kefu-bench: %s (--help tells more)\n", what.c_str());
  std::exit(2);
}

std::string read_secret(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string secret{std::istreambuf_iterator<char>(in), {}};
  if (!in) refuse("cannot read " + file);
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  return secret;
}

class Arguments {
 public:
  Arguments(int argc, char** argv) : argc_(argc), argv_(argv) {}

  bool next() {
    if (++at_ >= argc_) return false;
    name_ = argv_[at_];
    return true;
  }
  [[nodiscard]] std::string_view name() const { return name_; }

  std::string text() {
    if (++at_ >= argc_) refuse(std::string(name_) + " needs a value");
    return argv_[at_];
  }
  double number(double least, double most) {
    const std::string value = text();
    char* end = nullptr;
    const double parsed = std::strtod(value.c_str(), &end);
    if (*end != '\0' || !(parsed >= least && parsed <= most))
      refuse(std::string(name_) + " " + value);
    return parsed;
  }
  std::uint32_t count(std::uint32_t least, std::uint32_t most) {
    return static_cast<std::uint32_t>(number(least, most));
  }

 private:
  int argc_;
  char** argv_;
  int at_ = 0;
  std::string_view name_;
};

Mode mode_from(std::string_view name) {
  if (name == "relay") return Mode::relay;
  if (name == "idle") return Mode::idle;
  if (name == "reconnect") return Mode::reconnect;
  if (name == "prepare") return Mode::prepare;
  refuse("no such mode: " + std::string(name));
}

TargetKind target_from(std::string_view name) {
  if (name == "kefu") return TargetKind::kefu;
  if (name == "raw") return TargetKind::raw;
  if (name == "durable") return TargetKind::durable;
  refuse("no such target: " + std::string(name));
}

bool read_common(Arguments& in, Options& out) {
  const std::string_view name = in.name();
  if (name == "--target")
    out.target = target_from(in.text());
  else if (name == "--port")
    out.port = static_cast<std::uint16_t>(in.count(1, 65535));
  else if (name == "--nodes")
    out.nodes = static_cast<std::uint16_t>(in.count(1, 100));
  else if (name == "--pid")
    out.pid = static_cast<int>(in.count(1, 1u << 30));
  else if (name == "--path")
    out.path = in.text();
  else if (name == "--secret")
    out.secret = in.text();
  else if (name == "--secret-file")
    out.secret = read_secret(in.text());
  else if (name == "--prefix")
    out.prefix = in.text();
  else if (name == "--tokens")
    out.tokens = in.text();
  else if (name == "--concurrency")
    out.concurrency = in.count(1, 100'000);
  else if (name == "--connect-timeout")
    out.connect_timeout = in.number(0.1, 600);
  else if (name == "--batch")
    out.batch = in.count(1, 4096);
  else if (name == "--json")
    out.json = true;
  else
    return false;
  return true;
}

bool read_load(Arguments& in, Options& out) {
  const std::string_view name = in.name();
  if (name == "--pairs")
    out.pairs = in.count(1, 50'000);
  else if (name == "--fanin")
    out.fanin = in.count(1, 1000);
  else if (name == "--body")
    out.body = in.count(kMarkerSize, 16 * 1024);
  else if (name == "--window")
    out.window = in.count(1, 4096);
  else if (name == "--rate")
    out.rate = in.number(1, 5e6);
  else if (name == "--spin")
    out.spin = true;
  else if (name == "--secs")
    out.secs = in.number(0.1, 600);
  else if (name == "--warmup")
    out.warmup = in.number(0, 60);
  else if (name == "--drain")
    out.drain = in.number(0, 120);
  else if (name == "--delivered-every")
    out.delivered_every = in.count(0, 100'000);
  else if (name == "--delivered-flush")
    out.delivered_flush = in.number(0.001, 60);
  else if (name == "--conns")
    out.conns = in.count(2, 100'000);
  else if (name == "--rounds")
    out.rounds = in.count(1, 100);
  else if (name == "--inflight")
    out.inflight = in.count(0, 32);
  else if (name == "--hold")
    out.hold = in.number(0, 600);
  else
    return false;
  return true;
}

}  // namespace

Options read_options(int argc, char** argv) {
  Arguments in(argc, argv);
  Options out;
  if (!in.next() || in.name() == "--help") {
    std::fputs(kUsage, in.name().empty() ? stderr : stdout);
    std::exit(in.name().empty() ? 2 : 0);
  }
  out.mode = mode_from(in.name());
  while (in.next()) {
    if (!read_common(in, out) && !read_load(in, out))
      refuse("unknown option " + std::string(in.name()));
  }
  if (out.port == 0) refuse("--port is needed");
  if (out.target == TargetKind::kefu && out.secret.size() < 32)
    refuse("--secret or --secret-file with at least 32 bytes is needed");
  if (out.target != TargetKind::kefu && out.inflight != 0)
    refuse("--inflight: only kefu's sessions survive the cut");
  if (out.mode == Mode::prepare && (out.target != TargetKind::kefu || out.tokens.empty()))
    refuse("prepare needs --tokens, and kefu to be the target");
  if (out.prefix.empty()) {
    out.prefix.append("r").append(std::to_string(getpid()));
    out.prefix.append("x").append(std::to_string(now_ns() / 1000 % 1'000'000)).append("-");
  }
  return out;
}

}  // namespace bench
