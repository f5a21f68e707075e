#include "net/spliced_body.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace kefu::net;
using Action = SplicedBody::Action;

namespace {

constexpr IoResult done(std::size_t bytes) { return {IoStatus::done, bytes}; }
constexpr IoResult kBlocked{IoStatus::would_block, 0};
constexpr IoResult kEnded{IoStatus::ended, 0};
constexpr IoResult kFailed{IoStatus::failed, 0};

/// A socket, a pipe and a file of numbered bytes; each call moves a random part of what it may.
struct World {
  explicit World(std::uint64_t seed) : random{seed} {}

  std::size_t some(std::size_t most) { return 1 + random() % most; }

  IoResult fill(std::size_t most) {
    if (fails_at == steps++) return kFailed;
    if (sent == body) return kEnded;
    if (random() % 4 == 0) return kBlocked;
    const std::size_t count = some(std::min(most, body - sent));
    sent += count;
    in_pipe += count;
    return done(count);
  }
  IoResult drain(std::size_t size) {
    REQUIRE(size == in_pipe);
    if (fails_at == steps++) return kFailed;
    if (random() % 8 == 0) return kBlocked;
    return done(write(some(size)));
  }
  std::size_t write(std::size_t count) {
    in_pipe -= count;
    in_file += count;
    return count;
  }

  std::mt19937_64 random;
  std::size_t body = 0;  // what the peer sends
  std::size_t sent = 0, in_pipe = 0, in_file = 0;
  std::size_t steps = 0;
  std::size_t fails_at = ~std::size_t{0};
};

/// Until it is over: with complete, gone or give_up.
Action run(SplicedBody& machine, World& world, std::size_t share) {
  for (;;) {
    const std::size_t before = world.sent;
    Action action = machine.begin_turn(share);
    for (bool going = true; going;) {
      switch (action) {
        case Action::fill:
          REQUIRE(world.in_pipe == 0);  // or would_block would be the pipe's
          action = machine.filled(world.fill(machine.size()));
          break;
        case Action::drain:
          action = machine.drained(world.drain(machine.size()));
          break;
        case Action::rescue:
          REQUIRE(machine.size() == world.in_pipe);
          action = machine.rescued(world.write(world.some(machine.size())));
          break;
        case Action::yield:
        case Action::wait:
          going = false;
          break;
        case Action::complete:
        case Action::gone:
        case Action::give_up:
          CHECK_FALSE(machine.holds_pipe());
          return action;
      }
    }
    CHECK(world.sent - before <= share);
    CHECK(machine.holds_pipe() == (world.in_pipe != 0));
  }
}

}  // namespace

TEST_CASE("a body goes through the pipe, whatever parts it moves in") {
  for (std::uint64_t seed = 0; seed != 200; ++seed) {
    World world{seed};
    world.body = world.some(5000);
    SplicedBody machine{world.body};
    CHECK(run(machine, world, world.some(900)) == Action::complete);
    CHECK(world.in_file == world.body);
    CHECK(machine.left() == 0);
  }
}

TEST_CASE("a peer that leaves before the end loses nothing of what it sent") {
  for (std::uint64_t seed = 0; seed != 200; ++seed) {
    World world{seed};
    world.body = world.some(5000);
    SplicedBody machine{world.body + 1};
    CHECK(run(machine, world, world.some(900)) == Action::gone);
    CHECK(world.in_file == world.body);
    CHECK(machine.left() == 1);
  }
}

TEST_CASE("what fails, at every step: nothing is left in the pipe, and nothing is counted twice") {
  for (std::uint64_t seed = 0; seed != 20; ++seed) {
    for (std::size_t at = 0;; ++at) {
      World world{seed};
      world.body = 2000;
      world.fails_at = at;
      SplicedBody machine{world.body};
      const Action end = run(machine, world, 700);
      CHECK(world.in_pipe == 0);
      CHECK(world.in_file == world.sent);
      CHECK(machine.left() == world.body - world.sent);
      if (world.steps <= at) break;  // it was over before
      if (world.sent != world.body) CHECK(end == Action::give_up);
    }
  }
}

TEST_CASE("a turn is no longer than its share, and goes on with the next") {
  SplicedBody machine{1000};
  CHECK(machine.begin_turn(300) == Action::fill);
  CHECK(machine.size() == 300);
  CHECK(machine.filled(done(300)) == Action::drain);
  CHECK(machine.size() == 300);
  CHECK(machine.drained(done(100)) == Action::drain);
  CHECK(machine.drained(done(200)) == Action::yield);
  CHECK(machine.begin_turn(5000) == Action::fill);
  CHECK(machine.size() == 700);
  CHECK(machine.filled(kBlocked) == Action::wait);
}

TEST_CASE("a file that is busy keeps the pipe until the next turn") {
  SplicedBody machine{10};
  CHECK(machine.begin_turn(100) == Action::fill);
  CHECK(machine.filled(done(10)) == Action::drain);
  CHECK(machine.drained(kBlocked) == Action::yield);
  CHECK(machine.holds_pipe());
  CHECK(machine.begin_turn(100) == Action::drain);
  CHECK(machine.drained(done(10)) == Action::complete);
}
