#include "wire/name_table.hpp"

#include <doctest/doctest.h>

#include "wire/field.hpp"

namespace {

using namespace kefu::wire;

TEST_CASE("a table finds each of its names and nothing else") {
  for (std::size_t i = 0; i < kFields; ++i) {
    const std::string name(kFieldTable.name(i));
    CHECK(kFieldTable.find(name) == i);
    CHECK(kFieldTable.find(name + "_") == kFieldTable.kNone);
    CHECK(kFieldTable.find("x" + name) == kFieldTable.kNone);
    std::string upper = name;
    upper[0] = static_cast<char>(upper[0] - 32);
    CHECK(kFieldTable.find(upper) == kFieldTable.kNone);
  }
  CHECK(kFieldTable.find("") == kFieldTable.kNone);
  CHECK(kFieldTable.find(std::string(300, 'a')) == kFieldTable.kNone);
}

}  // namespace
