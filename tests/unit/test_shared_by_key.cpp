#include "shared_by_key.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace kefu;

namespace {

struct Number {
  int value = 0;
};
using Numbers = SharedByKey<Number>;

}  // namespace

TEST_CASE("all who hold a key share its value, which goes with the last of them") {
  Numbers numbers;
  Numbers::Handle first = numbers.hold("a");
  Numbers::Handle second = numbers.hold("a");
  Numbers::Handle other = numbers.hold("b");
  first->value = 7;
  CHECK(second->value == 7);
  CHECK(other->value == 0);
  first = {};
  CHECK(second->value == 7);
  second = {};
  CHECK(numbers.hold("a")->value == 0);
}

TEST_CASE("no more than so many hold a key") {
  Numbers numbers;
  const Numbers::Handle first = numbers.hold("a", 2);
  Numbers::Handle second = numbers.hold("a", 2);
  CHECK_FALSE(numbers.hold("a", 2));
  second = {};
  CHECK(numbers.hold("a", 2));
  CHECK_FALSE(numbers.hold("b", 0));
}

TEST_CASE("after all have let go it begins anew") {
  Numbers numbers;
  for (int round = 0; round < 3; ++round) {
    std::vector<Numbers::Handle> held;
    held.reserve(1000);
    for (int i = 0; i < 1000; ++i)
      held.push_back(numbers.hold("a key that is longer than a short text " + std::to_string(i)));
    for (int i = 0; i < 1000; ++i) {
      CHECK(held[static_cast<std::size_t>(i)]->value == 0);
      held[static_cast<std::size_t>(i)]->value = i;
    }
    for (int i = 0; i < 1000; ++i) CHECK(held[static_cast<std::size_t>(i)]->value == i);
  }
}
