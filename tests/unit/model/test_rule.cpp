#include <kefu/model/rule.hpp>

#include <doctest/doctest.h>

#include <ostream>  // doctest writes an errc as an error_code

namespace {

using namespace kefu;

TEST_CASE("every rule has a name and a code") {
  for (std::uint8_t i = 1; i <= static_cast<std::uint8_t>(last_of(Rule{})); ++i) {
    const auto rule = static_cast<Rule>(i);
    CHECK(enum_from_name<Rule>(name(rule)) == rule);
    CHECK(code_of(rule) != errc::ok);
  }
  CHECK(code_of(Rule::none) == errc::ok);
}

}  // namespace
