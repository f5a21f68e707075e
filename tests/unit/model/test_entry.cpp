#include <kefu/model/entry.hpp>

#include <doctest/doctest.h>

#include <string>

namespace {

using namespace kefu;

TEST_CASE("a client may not write what only kefu writes") {
  CHECK(is_reserved_kind(kind::kOpened));
  CHECK(is_reserved_kind(kind::kAssigned));
  CHECK(is_reserved_kind(kind::kClosed));
  CHECK(!is_reserved_kind(kind::kText));
  CHECK(!is_reserved_kind(kind::kFile));
  CHECK(!is_reserved_kind("of-the-host"));
  CHECK(!is_reserved_kind(""));
}

TEST_CASE("a log has the name of the wire") {
  CHECK(name(Log::public_log) == "public");
  CHECK(name(Log::internal) == "internal");
}

TEST_CASE("staff are all but visitors, and every role has a name that leads back to it") {
  CHECK(!is_staff(Role::visitor));
  for (const Role role : {Role::visitor, Role::agent, Role::bot, Role::supervisor}) {
    CHECK(is_staff(role) == (role != Role::visitor));
    CHECK(role_from_name(name(role)) == role);
  }
  CHECK(!role_from_name(""));
  CHECK(!role_from_name("admin"));
}

TEST_CASE("entries are values") {
  Entry entry;
  entry.seq = 1;
  entry.origin = {SessionId{1, 2}, 3};
  Entry same = entry;
  CHECK(same == entry);
  same.origin.cseq = 4;
  CHECK(same != entry);
}

}  // namespace
