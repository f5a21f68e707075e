#include <kefu/result.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

namespace {

using namespace kefu;

result<std::unique_ptr<int>> half(int number) {
  if (number % 2 != 0) return errc::conflict;
  return std::make_unique<int>(number / 2);
}

TEST_CASE("a result is a value or a code") {
  const auto good = half(4);
  REQUIRE(good);
  CHECK(good.has_value());
  CHECK(good.error() == errc::ok);
  CHECK(**good == 2);
  CHECK(*good.value() == 2);
  const auto bad = half(3);
  CHECK(!bad);
  CHECK(bad.error() == errc::conflict);
}

TEST_CASE("a value is moved out of a result") {
  std::unique_ptr<int> taken = *half(8);
  CHECK(*taken == 4);
  auto kept = half(8);
  taken = std::move(kept).value();
  CHECK(*taken == 4);
}

TEST_CASE("a result of codes can hold codes") {
  const result<std::vector<errc>> answer = std::vector<errc>{errc::ok, errc::fenced};
  REQUIRE(answer);
  CHECK(answer->size() == 2);
  result<std::string> text = std::string("abc");
  text->push_back('d');
  CHECK(*text == "abcd");
}

}  // namespace
