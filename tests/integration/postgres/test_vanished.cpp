// A node and its database lose each other without a word: no packet comes through, and no
// connection ends. Both find out, in bounded time, and nothing is lost.
#include <kefu/postgres/store.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <future>
#include <string>
#include <thread>

#include "cluster.hpp"
#include "integration/wire.hpp"
#include "unit/sqlite/scratch.hpp"

namespace {

using namespace kefu;
using namespace kefu::test;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How long that took. What nobody waits for in vain: generous, for it is no promise.
milliseconds until(const std::function<bool()>& holds) {
  const auto begin = steady_clock::now();
  while (!holds() && steady_clock::now() < begin + std::chrono::seconds(60))
    std::this_thread::sleep_for(milliseconds(5));
  CHECK(holds());
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin);
}

/// TCP connections of this thread's network that have not ended.
int connections() {
  std::ifstream table("/proc/thread-self/net/tcp");
  int count = 0;
  std::string line, ignored, state;
  for (std::getline(table, line); table >> ignored >> ignored >> ignored >> state;) {
    count += state == "01" ? 1 : 0;
    std::getline(table, line);
  }
  return count;
}

void lose_each_other(Wire& wire) {
  Cluster cluster(Wire::kNear);
  const auto backends = [&] {
    return cluster.execute("SELECT count(*) FROM pg_stat_activity WHERE client_addr IS NOT NULL");
  };
  wire.go_to_far_end();
  postgres::Options options;
  options.writers = options.readers = 1;
  options.timeout = std::chrono::seconds(300);  // what would give the server up without pings
  postgres::Store store(Cluster::conninfo(Wire::kNear), options);
  attach(store, session(0), 1, true);

  CHECK_EQ(append(store, {draft(0, 1, 1)}).front().code, errc::ok);
  CHECK_EQ(read(store, conversation(1)).tail, 1);
  CHECK_EQ(connections(), 2);
  wire.drop();
  const milliseconds silent = until([] { return connections() == 0; });
  const milliseconds server = until([&] { return backends() == "0"; });
  wire.deliver();
  CHECK_EQ(append(store, {draft(0, 1, 2)}).front().code, errc::ok);

  wire.drop();
  auto under_way =
      std::async(std::launch::async, [&] { return append(store, {draft(0, 1, 3)}).front(); });
  const milliseconds speaking = until([] { return connections() == 0; });
  wire.deliver();
  const Outcome outcome = under_way.get();
  CHECK_EQ(outcome.code, errc::ok);
  CHECK_EQ(outcome.seq, 3);
  CHECK_EQ(read(store, conversation(1)).tail, 3);
  MESSAGE("pings every second; given up by a silent node after ", silent.count(),
          " ms, by the server ", server.count(),
          " ms later, by a node that waits for an answer after ", speaking.count(), " ms");
}

TEST_CASE("postgres store: node and server that lose each other without a word find out") {
  with_wire(lose_each_other);
}

}  // namespace
