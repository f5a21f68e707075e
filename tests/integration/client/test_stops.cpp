#include <kefu/client/file_pending_store.hpp>

#include <doctest/doctest.h>
#include <signal.h>

#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include "integration/client/talk.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;

/// Whether the server has a connection: an established one in the kernel's table with its port.
bool has_connection(std::uint16_t port) {
  std::ifstream table("/proc/net/tcp");
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state;
    fields >> slot >> local >> remote >> state;
    if (state == "01" && std::stoul(local.substr(local.find(':') + 1), nullptr, 16) == port)
      return true;
  }
  return false;
}

}  // namespace

TEST_CASE("a server that stops (SIGSTOP): clients notice, and go on when it does") {
  Random random;
  CAPTURE(random.seed);
  Helpdesk desk;
  desk.start();
  constexpr int kStops = 4 * kTimes;
  Talk talk(desk, url_of(desk.port()), random, 1500 * kTimes, 4);
  for (int stop = 1; stop <= kStops; ++stop) {
    talk.await_settled(stop * talk.all() / (kStops + 1) + random.between(0, 20));
    talk.await_detached([&] { desk.signal(SIGSTOP); });
    desk.signal(SIGCONT);
  }
  if (!talk.check()) return;
  report(
      "server stopped: %d times, %d messages acknowledged, %d reconnects, 0 lost, doubled or out "
      "of order",
      kStops, talk.all(), talk.sum([](const Person& one) { return one.attached - 1; }));
}

TEST_CASE("a client that stops (SIGSTOP) is given up, and goes on with its file when it wakes") {
  Random random;
  CAPTURE(random.seed);
  HelpdeskOptions options;
  options.ping_interval = 0.2;
  Helpdesk desk(options);
  desk.start();
  const ConversationId chat = fresh_chat(random);
  constexpr int kTotal = 3000 * kTimes, kStops = 5 * kTimes;
  Process courier(courier_command(desk, chat, kTotal, desk.file("pending")));
  int told = 0, stops = 0;
  while (const auto line = courier.line()) {
    INFO(*line);
    CHECK(line->ends_with(" ok"));
    if (++told % (kTotal / (kStops + 1)) != 0 || stops == kStops) continue;
    ++stops;
    courier.signal(SIGSTOP);
    while (has_connection(desk.port())) std::this_thread::yield();
    courier.signal(SIGCONT);
  }
  CHECK(courier.wait() == 0);
  CHECK(told == kTotal);
  CHECK(stops == kStops);
  const bool same = said_in(desk, chat, "courier") == said_by_courier(kTotal);
  CHECK(same);
  if (!same) return;
  report(
      "client stopped: %d times until the server gave it up, %d messages acknowledged, 0 lost, "
      "doubled or out of order",
      stops, told);
}
