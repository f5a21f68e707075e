#include <kefu/testing/sim_bus.hpp>

#include <doctest/doctest.h>

#include <kefu/testing/manual_executor.hpp>
#include <string>
#include <string_view>
#include <vector>

using namespace kefu;
using namespace kefu::testing;

namespace {

struct Ear {
  std::vector<std::string> heard;
  static void hear(void* ear, std::string_view /*topic*/, std::string_view bytes) {
    static_cast<Ear*>(ear)->heard.emplace_back(bytes);
  }
};

TEST_CASE("a message comes to all ends but its own, by topic") {
  ManualExecutor loop;
  SimBus bus(loop, 1);
  const auto here = bus.connect();
  const auto there = bus.connect();
  Ear own, other, elsewhere;
  const auto a = here->subscribe("t", Ear::hear, &own);
  const auto b = there->subscribe("t", Ear::hear, &other);
  const auto c = there->subscribe("u", Ear::hear, &elsewhere);
  here->publish("t", "hi");
  CHECK(other.heard.empty());  // never inside a call
  loop.run_until_idle();
  CHECK(own.heard.empty());
  CHECK(other.heard == std::vector<std::string>{"hi"});
  CHECK(elsewhere.heard.empty());
}

TEST_CASE("a subscription that has ended hears nothing, not even what is under way") {
  ManualExecutor loop;
  SimBus bus(loop, 1);
  const auto here = bus.connect();
  const auto there = bus.connect();
  Ear ear;
  auto ending = there->subscribe("t", Ear::hear, &ear);
  here->publish("t", "hi");
  ending.reset();
  loop.run_until_idle();
  CHECK(ear.heard.empty());
}

TEST_CASE("it loses, repeats and delays as told") {
  ManualExecutor loop;
  SimBus bus(loop, 7, {0.5, 0, Nanoseconds(0)});
  const auto here = bus.connect();
  const auto there = bus.connect();
  Ear ear;
  const auto subscription = there->subscribe("t", Ear::hear, &ear);
  for (int i = 0; i < 1000; ++i) here->publish("t", "x");
  loop.run_until_idle();
  CHECK(ear.heard.size() > 400);
  CHECK(ear.heard.size() < 600);

  ear.heard.clear();
  bus.options = {0, 1, Nanoseconds(1000)};
  for (int i = 0; i < 100; ++i) here->publish("t", std::to_string(i));
  loop.advance(Nanoseconds(1000));
  loop.run_until_idle();
  CHECK(ear.heard.size() == 200);
  CHECK(ear.heard.front() != ear.heard[1]);
}

TEST_CASE("parted ends do not hear each other, one way, until they are mended") {
  ManualExecutor loop;
  SimBus bus(loop, 1);
  const auto here = bus.connect();
  const auto there = bus.connect();
  const auto elsewhere = bus.connect();
  Ear at_here, at_there, at_elsewhere;
  const auto a = here->subscribe("t", Ear::hear, &at_here);
  const auto b = there->subscribe("t", Ear::hear, &at_there);
  const auto c = elsewhere->subscribe("t", Ear::hear, &at_elsewhere);
  here->publish("t", "under way");
  bus.part(*here, *there);
  here->publish("t", "lost");
  there->publish("t", "back");
  loop.run_until_idle();
  CHECK(at_there.heard == std::vector<std::string>{"under way"});
  CHECK(at_here.heard == std::vector<std::string>{"back"});
  CHECK(at_elsewhere.heard == std::vector<std::string>{"under way", "lost", "back"});

  bus.mend(*there, *here);  // never parted
  bus.mend(*here, *there);
  here->publish("t", "again");
  loop.run_until_idle();
  CHECK(at_there.heard == std::vector<std::string>{"under way", "again"});
}

TEST_CASE("an end that is gone is parted from nobody") {
  ManualExecutor loop;
  SimBus bus(loop, 1);
  const auto here = bus.connect();
  Ear ear;
  const auto subscription = here->subscribe("t", Ear::hear, &ear);
  for (int i = 0; i < 10; ++i) {
    const auto there = bus.connect();  // likely at the address of the one before
    there->publish("t", "hi");
    bus.part(*there, *here);
    loop.run_until_idle();
  }
  CHECK(ear.heard.size() == 10);
}

}  // namespace
