#include "hub/slot_index.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

using kefu::hub::SlotIndex;

namespace {

std::vector<std::uint32_t> found(const SlotIndex& index, std::size_t hash) {
  std::vector<std::uint32_t> slots;
  index.for_each(hash, [&](std::uint32_t slot) { slots.push_back(slot); });
  std::ranges::sort(slots);
  return slots;
}

TEST_CASE("what was added under a hash is found under it") {
  SlotIndex index;
  CHECK(found(index, 7).empty());
  index.add(7, 1);
  index.add(8, 2);
  index.add(7, 3);
  CHECK(found(index, 7) == std::vector<std::uint32_t>{1, 3});
  CHECK(found(index, 8) == std::vector<std::uint32_t>{2});
  CHECK(index.size() == 3);
}

TEST_CASE("what is removed is gone, and nothing else") {
  SlotIndex index;
  index.remove(7, 1);
  index.add(7, 1);
  index.add(7, 2);
  index.remove(7, 3);
  index.remove(7, 1);
  CHECK(found(index, 7) == std::vector<std::uint32_t>{2});
  CHECK(index.size() == 1);
}

TEST_CASE("it agrees with a map, however crowded") {
  std::mt19937 random{5};
  SlotIndex index;
  std::map<std::uint32_t, std::size_t> known;  // the hash of each slot
  for (int step = 0; step < 20'000; ++step) {
    const auto slot = static_cast<std::uint32_t>(random() % 400);
    const auto at = known.find(slot);
    if (at == known.end()) {
      known[slot] = random() % 150;
      index.add(known[slot], slot);
    } else {
      index.remove(at->second, slot);
      known.erase(at);
    }
    const std::size_t hash = random() % 150;
    std::vector<std::uint32_t> expected;
    for (const auto& [one, its] : known) {
      if (its == hash) expected.push_back(one);
    }
    REQUIRE(found(index, hash) == expected);
    REQUIRE(index.size() == known.size());
  }
}

}  // namespace
