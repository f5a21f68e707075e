#include "few.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <kefu/testing/random.hpp>
#include <memory>
#include <utility>
#include <vector>

using kefu::Few;

namespace {

using Owned = std::shared_ptr<int>;

std::vector<int> values(const Few<Owned>& few) {
  std::vector<int> out;
  for (const Owned& each : few) out.push_back(*each);
  return out;
}

TEST_CASE("an empty one holds nothing, and is a pointer") {
  const Few<Owned> few;
  CHECK(few.empty());
  CHECK(few.size() == 0);
  CHECK(few.begin() == few.end());
  CHECK(sizeof(few) == sizeof(void*));
}

TEST_CASE("few things do what a vector does, and each is destroyed once") {
  kefu::testing::Random random{7};
  const auto tracked = std::make_shared<int>(0);
  {
    Few<Owned> few;
    std::vector<int> expected;
    for (int i = 0; i < 2000; ++i) {
      const auto at = static_cast<std::ptrdiff_t>(random.below(expected.size() + 1));
      if (random.chance(0.5)) {
        const auto put = few.insert(few.begin() + at, std::make_shared<int>(i));
        CHECK(**put == i);
        expected.insert(expected.begin() + at, i);
      } else if (at < static_cast<std::ptrdiff_t>(expected.size())) {
        few.erase(few.begin() + at);
        expected.erase(expected.begin() + at);
      } else if (random.chance(0.1)) {
        const auto odd = [](int value) { return value % 2 != 0; };
        CHECK(erase_if(few, [&](const Owned& one) { return odd(*one); }) ==
              std::erase_if(expected, odd));
      } else if (!expected.empty()) {
        CHECK(*few.back() == expected.back());
        few.pop_back();
        expected.pop_back();
      }
      REQUIRE(values(few) == expected);
      CHECK(few.empty() == expected.empty());
    }
    few.push_back(tracked);
    Few<Owned> other = std::move(few);
    CHECK(few.empty());
    CHECK(other.back() == tracked);
    CHECK(tracked.use_count() == 2);
  }
  CHECK(tracked.use_count() == 1);
}

}  // namespace
