#include <kefu/core/may_search.hpp>

#include <doctest/doctest.h>

namespace {

using namespace kefu;

TEST_CASE("each role searches where it may") {
  Conversation c;
  c.visitor = "v";
  c.department = "sales";
  c.agents = {"ann"};
  CHECK(core::may_search(c, {"v", Role::visitor}, {}));
  CHECK_FALSE(core::may_search(c, {"w", Role::visitor}, {}));
  CHECK(core::may_search(c, {"ann", Role::agent}, {"billing"}));
  CHECK(core::may_search(c, {"bob", Role::agent}, {"billing", "sales"}));
  CHECK(core::may_search(c, {"bob", Role::agent}, {}));
  CHECK_FALSE(core::may_search(c, {"bob", Role::agent}, {"billing"}));
  CHECK_FALSE(core::may_search(c, {"bot", Role::bot}, {}));
  CHECK(core::may_search(c, {"s", Role::supervisor}, {"billing"}));
}

}  // namespace
