#include <kefu/client/websocket.hpp>

#include <doctest/doctest.h>
#include <sched.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include "integration/client/talk.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

/// Where this can't be tested; says why.
struct Unavailable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

bool try_to_run(const std::string& command) {
  return ::system(("export PATH=/usr/sbin:/sbin:$PATH; " + command).c_str()) == 0;
}
void run(const std::string& command) {
  if (!try_to_run(command)) throw std::runtime_error("failed: " + command);
}

/// Two network namespaces with a wire between them: this thread is in one, the server comes into
/// the other. A packet is dropped by sending it to an address on the wire that nobody has. Both
/// vanish with this thread and the process that holds the other one.
class Wire {
 public:
  static constexpr const char* kOurs = "10.77.0.1";
  static constexpr const char* kTheirs = "10.77.0.2";

  Wire() : holder_({"/usr/bin/unshare", "--net", "/bin/sleep", "infinity"}) {
    const auto space = [](const std::string& of) {
      return std::filesystem::read_symlink("/proc/" + of + "/ns/net");
    };
    while (space(std::to_string(holder_.pid())) == space("thread-self")) std::this_thread::yield();
    inside_ = "nsenter --net --target " + std::to_string(holder_.pid()) + " ";
    run("ip link set lo up");
    if (!try_to_run("ip link add near address 02:00:00:00:00:01 type veth peer name far address "
                    "02:00:00:00:00:02"))
      throw Unavailable("the kernel makes no pair of veth devices");
    run("ip link set far netns " + std::to_string(holder_.pid()));
    run(std::string("ip address add ") + kOurs + "/30 dev near && ip link set near up");
    run(inside_ + "ip address add " + kTheirs + "/30 dev far && " + inside_ + "ip link set far up");
    deliver();
  }

  /// A command that starts what follows it on the other side.
  [[nodiscard]] std::vector<std::string> other_side() const {
    return {"/usr/bin/nsenter", "--net", "--target", std::to_string(holder_.pid())};
  }

  void deliver() {
    point(true, "02");
    point(false, "01");
  }
  void drop_to_them() { point(true, "ff"); }
  void drop_from_them() { point(false, "ff"); }

 private:
  /// Tells one side which address the other has.
  void point(bool ours, const std::string& last) {
    run((ours ? "" : inside_) + "ip neighbour replace " + (ours ? kTheirs : kOurs) + " dev " +
        (ours ? "near" : "far") + " lladdr 02:00:00:00:00:" + last + " nud permanent");
  }

  Process holder_;
  std::string inside_;
};

void talk_over(Wire& wire) {
  Random random;
  CAPTURE(random.seed);
  HelpdeskOptions options;
  options.address = Wire::kTheirs;
  options.ping_interval = 0.3;
  options.under = wire.other_side();
  Helpdesk desk(options);
  desk.start();
  constexpr int kCuts = 6 * kTimes;
  Talk talk(desk, url_of(desk.port(), Wire::kTheirs), random, 1500 * kTimes, 4);
  for (int cut = 1; cut <= kCuts; ++cut) {
    talk.await_settled(cut * talk.all() / (kCuts + 1) + random.between(0, 20));
    talk.await_detached([&] {
      if (cut % 3 != 1) wire.drop_to_them();
      if (cut % 3 != 2) wire.drop_from_them();
    });
    wire.deliver();
  }
  if (!talk.check()) return;
  report(
      "packets dropped: %d times (one way, the other, both), %d messages acknowledged, %d "
      "reconnects, 0 lost, doubled or out of order",
      kCuts, talk.all(), talk.sum([](const Person& one) { return one.attached - 1; }));
}

}  // namespace

TEST_CASE("half-open connections: packets are dropped one way, the other way, and both ways") {
  std::string failure, unavailable;
  // In a thread of its own, whose network ends with it.
  std::thread([&] {
    try {
      if (::unshare(CLONE_NEWNET) != 0)
        throw Unavailable("this process may not make a network namespace");
      Wire wire;
      talk_over(wire);
    } catch (const Unavailable& reason) {
      unavailable = reason.what();
    } catch (const std::exception& error) {
      failure = error.what();
    }
  }).join();
  if (!unavailable.empty()) return report("skipped: %s", unavailable.c_str());
  CHECK(failure == "");
}
