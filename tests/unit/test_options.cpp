#include <kefu/hub.hpp>
#include <kefu/link_policy.hpp>

#include <doctest/doctest.h>

#include <chrono>

namespace {

using namespace kefu;
using namespace std::chrono_literals;

// The compiler is the judge: what is left out of one of these without an initialiser is a warning,
// here as in a strict host.
TEST_CASE("options: whoever names some of them gets the rest as they are") {
  const SlaPolicy sla{.resolution = 4h};
  CHECK_FALSE(sla.first_response);
  CHECK_FALSE(sla.bound(SlaTarget::next_response));
  CHECK_EQ(sla.bound(SlaTarget::resolution), 4h);

  const DeskOptions desk{.departments = {{.id = "billing"}}, .typing_preview = true};
  CHECK_EQ(desk.strategy, strategy::kLeastLoaded);
  CHECK_FALSE(desk.ask);

  const HubOptions hub{.desk = desk};
  CHECK_EQ(hub.limits.max_body, limits{}.max_body);
  CHECK_FALSE(hub.random);

  const Hub::OpenRequest request{.id = {}, .visitor = "vera", .department = "billing"};
  CHECK(request.agents.empty());
  const Ban ban{.address = "198.51.100.7"};
  CHECK(ban.participant.empty());
  const OpeningHours hours{.hours = {.zone = "Europe/Berlin"}};
  CHECK(hours.hours.holidays.empty());
  const LinkOptions links{};
  CHECK(links.allowed.empty());
}

}  // namespace
