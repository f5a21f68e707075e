#include <kefu/version.hpp>

#include <doctest/doctest.h>

TEST_CASE("the constants repeat the macros") {
  CHECK(kefu::kVersionMajor == KEFU_VERSION_MAJOR);
  CHECK(kefu::kVersionMinor == KEFU_VERSION_MINOR);
  CHECK(kefu::kVersionPatch == KEFU_VERSION_PATCH);
}
