#include <kefu/testing/manual_executor.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>

using namespace kefu;
using namespace kefu::testing;
using namespace std::chrono_literals;

TEST_CASE("tasks run one at a time, in the order of posting, never inside post") {
  ManualExecutor loop;
  std::string ran;
  loop.post([&] {
    ran += 'a';
    loop.post([&] { ran += 'c'; });
  });
  loop.post([&] { ran += 'b'; });
  CHECK(ran.empty());
  CHECK(loop.run_one());
  CHECK(ran == "a");
  CHECK(loop.run_until_idle() == 2);
  CHECK(ran == "abc");
  CHECK_FALSE(loop.run_one());
}

TEST_CASE("timers run in order of their time, and of posting at the same time") {
  ManualExecutor loop;
  const Instant start = loop.now();
  std::string ran;
  loop.post_at(start + 2s, [&] { ran += 'c'; });
  loop.post_at(start + 1s, [&] {
    ran += 'a';
    loop.post_at(start + 1500ms, [&] { ran += 'b'; });
  });
  loop.post_at(start + 2s, [&] { ran += 'd'; });
  loop.post_at(start + 3s, [&] { ran += 'e'; });
  CHECK(loop.run_until_idle() == 0);
  CHECK(*loop.next_due() == start + 1s);
  loop.advance(2s);
  CHECK(ran == "abcd");
  CHECK(loop.now() == start + 2s);
}

TEST_CASE("a time that is past is posted; advance_to only moves the clock") {
  ManualExecutor loop;
  std::string ran;
  loop.post_at(loop.now(), [&] { ran += 'a'; });
  loop.post_at(loop.now() + 1s, [&] { ran += 'b'; });
  loop.advance_to(loop.now() + 1s);
  CHECK(ran.empty());
  CHECK(loop.ready() == 2);
  loop.advance_to(Instant{0});
  CHECK(loop.now() == Instant{2'000'000'000});
  loop.run_until_idle();
  CHECK(ran == "ab");
}

TEST_CASE("what has not run is destroyed, with what that posts") {
  auto held = std::make_shared<int>(1);
  ManualExecutor loop;
  struct Poster {
    ManualExecutor* loop;
    std::shared_ptr<int> held;
    Poster(ManualExecutor* to, std::shared_ptr<int> what) : loop(to), held(std::move(what)) {}
    Poster(Poster&& other) noexcept = default;
    ~Poster() {
      if (held) loop->post([held = held] {});
    }
  };
  loop.post([poster = Poster(&loop, held)] {});
  loop.post_at(loop.now() + 1s, [held] {});
  CHECK(held.use_count() == 3);
  loop.drop_all();
  CHECK(held.use_count() == 1);
  CHECK(loop.ready() == 0);
}

TEST_CASE("a loop that never becomes idle ends at the limit") {
  ManualExecutor loop;
  struct Again {
    ManualExecutor& loop;
    void operator()() const { loop.post(Again{loop}); }
  };
  loop.post(Again{loop});
  CHECK(loop.run_until_idle(10) == 10);
}
