#include <kefu/net/loops.hpp>

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <csignal>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

using namespace kefu;
using kefu::net::Loops;

namespace {

/// Counts how often it and its copies were destroyed for good.
struct Witness {
  explicit Witness(std::atomic<int>& count) : counted{&count, [](std::atomic<int>* c) { ++*c; }} {}
  std::shared_ptr<std::atomic<int>> counted;
};

}  // namespace

TEST_CASE("tasks run in the order of posting, and never inside the call") {
  Loops loops;
  Executor& loop = *loops.executors().front();
  std::string seen;
  loop.post([&] {
    seen += '1';
    loop.post([&] { seen += '4'; });
    loop.post([&] {
      seen += '5';
      loops.stop();
    });
    seen += '2';
  });
  loop.post([&] { seen += '3'; });
  CHECK(seen.empty());
  loops.run();
  CHECK(seen == "12345");
}

TEST_CASE("timed tasks run by their time, those of one time as posted") {
  Loops loops;
  Executor& loop = *loops.executors().front();
  std::string seen;
  const Instant start = loop.now();
  loop.post([&] {
    loop.post_at(start + Milliseconds{3}, [&] {
      CHECK(loop.now() >= start + Milliseconds{3});
      seen += '3';
      loops.stop();
    });
    loop.post_at(start + Milliseconds{1}, [&] { seen += '1'; });
    loop.post_at(start + Milliseconds{1}, [&] { seen += '2'; });
    loop.post_at(Instant{1}, [&] { seen += '0'; });  // long past
    CHECK(seen.empty());
  });
  loops.run();
  CHECK(seen == "0123");
}

TEST_CASE("an earlier timer overtakes one that is set, from another thread too") {
  Loops loops;
  Executor& loop = *loops.executors().front();
  std::string seen;
  loop.post_at(loop.now() + std::chrono::hours{1}, [&] { seen += "late"; });
  std::thread other{[&] {
    loop.post([&] { seen += 'a'; });
    loop.post_at(loop.now() + Milliseconds{1}, [&] {
      seen += 'b';
      loops.stop();
    });
  }};
  loops.run();
  other.join();
  CHECK(seen == "ab");
}

TEST_CASE("each loop has a thread, and loop 0 the caller's") {
  Loops loops{3};
  REQUIRE(loops.executors().size() == 3);
  std::array<std::thread::id, 3> ids;
  std::atomic<int> left{3};
  for (std::size_t i = 0; i < 3; ++i) {
    loops.executors()[i]->post([&, i] {
      ids[i] = std::this_thread::get_id();
      if (--left == 0) loops.stop();
    });
  }
  loops.run();
  CHECK(ids[0] == std::this_thread::get_id());
  CHECK(ids[1] != ids[0]);
  CHECK(ids[2] != ids[0]);
  CHECK(ids[2] != ids[1]);
}

TEST_CASE("two loops that post to each other keep each one's order") {
  constexpr int kCount = 20'000;
  Loops loops{2};
  Executor& one = *loops.executors()[0];
  Executor& two = *loops.executors()[1];
  int sent = 0;
  int expected = 0;
  bool in_order = true;
  const auto receive = [&](int number) {
    in_order = in_order && number == expected++;
    if (expected == kCount) loops.stop();
  };
  std::function<void()> send_some = [&] {
    for (int i = 0; i < 100 && sent < kCount; ++i, ++sent) {
      two.post([&receive, number = sent] { receive(number); });
    }
    if (sent < kCount) one.post([&] { send_some(); });
  };
  one.post([&] { send_some(); });
  loops.run();
  CHECK(in_order);
  CHECK(expected == kCount);
}

TEST_CASE("what was posted from outside runs before what the loop posts after it") {
  Loops loops;
  Executor& loop = *loops.executors().front();
  std::string seen;
  loop.post([&] {
    std::thread{[&] { loop.post([&] { seen += "outside "; }); }}.join();
    loop.post([&] {
      seen += "inside";
      loops.stop();
    });
  });
  loops.run();
  CHECK(seen == "outside inside");
}

TEST_CASE("what has not run when the loops end is destroyed") {
  std::atomic<int> destroyed{0};
  Loops loops;
  Executor& loop = *loops.executors().front();
  loop.post([&] {
    loop.post([witness = Witness{destroyed}] { FAIL("ran"); });
    loop.post_at(loop.now() + std::chrono::hours{1},
                 [witness = Witness{destroyed}] { FAIL("ran"); });
    loops.stop();
  });
  loops.run();
  CHECK(destroyed == 2);
  loop.post([witness = Witness{destroyed}] { FAIL("ran"); });
  CHECK(destroyed == 3);
  {
    Loops never_run;
    never_run.executors().front()->post([witness = Witness{destroyed}] { FAIL("ran"); });
  }
  CHECK(destroyed == 4);
}

TEST_CASE("a stop before the run is not lost") {
  Loops loops{2};
  loops.stop();
  loops.run();
  CHECK(true);
}

TEST_CASE("an exception ends all loops and leaves run()") {
  Loops loops{2};
  loops.executors()[1]->post([] { throw std::runtime_error("from a task"); });
  CHECK_THROWS_WITH(loops.run(), "from a task");
}

TEST_CASE("no threads are refused") { CHECK_THROWS_AS(Loops{0}, std::invalid_argument); }

TEST_CASE("the first signal is told, the second stops") {
  Loops loops;
  int told = 0;
  loops.stop_on_signals([&] {
    ++told;
    std::raise(SIGINT);
  });
  loops.executors().front()->post([] { std::raise(SIGTERM); });
  loops.run();
  CHECK(told == 1);

  Loops others;
  others.stop_on_signals();
  others.executors().front()->post([] { std::raise(SIGINT); });
  others.run();
}

TEST_CASE("a hangup is told each time and stops nothing") {
  Loops loops;
  int told = 0;
  loops.on_hangup([&] {
    if (++told == 2) return loops.stop();
    std::raise(SIGHUP);
  });
  loops.executors().front()->post([] { std::raise(SIGHUP); });
  loops.run();
  CHECK(told == 2);
}
