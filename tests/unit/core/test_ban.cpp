#include <kefu/core/ban.hpp>

#include <doctest/doctest.h>

#include "desk_rig.hpp"

namespace kefu::inline v0::core {
namespace {

using namespace std::chrono_literals;

Ban of(std::string participant, std::optional<Timestamp> until = {}) {
  return {std::move(participant), {}, until, "abuse", "boss", {}};
}

TEST_CASE("a ban stands until its time, is told once, and is changed by the next of the same") {
  DeskRig rig;
  CHECK(rig.run(AddBan{of("v", rig.now + 1h), 10}) == Rule::none);
  CHECK(rig.changed);
  CHECK(rig.get<BanList>(bans_key()).bans.front().at == rig.now);
  rig.now = rig.now + 1min;
  CHECK(rig.run(AddBan{of("v", rig.now - 1min + 1h), 10}) == Rule::none);
  CHECK_FALSE(rig.changed);  // a retry
  CHECK(rig.run(AddBan{of("v"), 10}) == Rule::none);
  CHECK(rig.changed);
  const std::vector<Ban> bans = rig.get<BanList>(bans_key()).bans;
  REQUIRE(bans.size() == 1);
  CHECK_FALSE(bans[0].until);
  CHECK(bans[0].at == rig.now);
}

TEST_CASE("no more bans than there may be, but for those that are over") {
  DeskRig rig;
  CHECK(rig.run(AddBan{of("a", rig.now + 1s), 2}) == Rule::none);
  CHECK(rig.run(AddBan{of("b"), 2}) == Rule::none);
  CHECK(rig.run(AddBan{of("c"), 2}) == Rule::capacity);
  CHECK(rig.run(AddBan{of("b", rig.now + 1h), 2}) == Rule::none);  // takes the place of its own
  CHECK(rig.run(AddBan{of("d", rig.now), 2}) == Rule::too_late);
  rig.now = rig.now + 1s;
  CHECK(rig.run(AddBan{of("c"), 2}) == Rule::none);
  CHECK(rig.get<BanList>(bans_key()).bans.size() == 2);
}

TEST_CASE("a ban is lifted as it was named, and again") {
  DeskRig rig;
  CHECK(rig.run(LiftBan{"v", ""}) == Rule::none);
  CHECK_FALSE(rig.changed);
  Ban network;
  network.address = "203.0.113.0/24";
  CHECK(rig.run(AddBan{of("v"), 10}) == Rule::none);
  CHECK(rig.run(AddBan{network, 10}) == Rule::none);
  CHECK(rig.run(LiftBan{"", "203.0.113.0"}) == Rule::none);
  CHECK_FALSE(rig.changed);
  CHECK(rig.run(LiftBan{"", "203.0.113.0/24"}) == Rule::none);
  CHECK(rig.changed);
  CHECK(rig.run(LiftBan{"", "203.0.113.0/24"}) == Rule::none);
  CHECK_FALSE(rig.changed);
  REQUIRE(rig.get<BanList>(bans_key()).bans.size() == 1);
  CHECK(rig.get<BanList>(bans_key()).bans[0].participant == "v");
}

TEST_CASE("a ban is about somebody, and about one thing") {
  DeskRig rig;
  CHECK(rig.run(AddBan{{}, 10}) == Rule::exists);
  Ban both = of("v");
  both.address = "203.0.113.7";
  CHECK(rig.run(AddBan{both, 10}) == Rule::exists);
}

}  // namespace
}  // namespace kefu::inline v0::core
