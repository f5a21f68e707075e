#include "hub/person.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using kefu::Participant;
using kefu::Role;
using kefu::hub::Person;

namespace {

TEST_CASE("a person is who they were made of, in every copy") {
  Person copy;
  {
    const Person made(std::string(128, 'x'), Role::agent);
    copy = made;
    CHECK(copy.id().data() == made.id().data());
  }
  CHECK(copy.participant() == Participant{std::string(128, 'x'), Role::agent});
  CHECK(copy.staff());

  const Person moved = std::move(copy);
  CHECK(copy.id().empty());
  CHECK(moved.id().size() == 128);
}

TEST_CASE("nobody has no id, and is no staff") {
  const Person nobody;
  CHECK(nobody.id().empty());
  CHECK_FALSE(nobody.staff());
  CHECK(Person("", Role::supervisor).staff());
}

}  // namespace
