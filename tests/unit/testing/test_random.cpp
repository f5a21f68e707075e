#include <kefu/testing/random.hpp>

#include <doctest/doctest.h>

using kefu::testing::Random;

TEST_CASE("the same seed gives the same numbers, everywhere") {
  Random random(1);
  CHECK(random.next() == 0x910a'2dec'8902'5cc1u);  // splitmix64, seed 1
  Random again(1);
  CHECK(again.next() == 0x910a'2dec'8902'5cc1u);
  CHECK(Random(2).next() != Random(1).next());
}

TEST_CASE("ranges hold, and chances are what they say") {
  Random random(7);
  int hits = 0;
  for (int i = 0; i < 10'000; ++i) {
    CHECK_FALSE(random.chance(0));
    CHECK(random.chance(1));
    hits += random.chance(0.25) ? 1 : 0;
    const auto value = random.between(3, 5);
    CHECK((value >= 3 && value <= 5));
    const auto time = random.between(kefu::Nanoseconds(10), kefu::Nanoseconds(10));
    CHECK(time.count() == 10);
  }
  CHECK(hits > 2300);
  CHECK(hits < 2700);
}

TEST_CASE("a fork goes its own way") {
  Random random(3);
  Random fork = random.fork();
  Random other(3);
  Random other_fork = other.fork();
  random.next();
  CHECK(fork.next() == other_fork.next());
}
