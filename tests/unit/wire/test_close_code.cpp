#include <kefu/wire/close_code.hpp>

#include <doctest/doctest.h>
#include <ostream>  // doctest writes an errc as an error_code

namespace {

using namespace kefu;

TEST_CASE(
    "a close code is one that may be on the wire, and leads back to what the client must do") {
  for (unsigned i = 0; i <= static_cast<unsigned>(errc::corrupt); ++i) {
    const errc reason = static_cast<errc>(i);
    const std::uint16_t code = wire::close_code(reason);
    CAPTURE(name(reason));
    CHECK(((code >= 1000 && code <= 1014) || (code >= 4000 && code <= 4999)));
    CHECK((code != 1004 && code != 1005 && code != 1006));
    if (code >= 4000 && reason != errc::fenced) CHECK(wire::reason_from_close_code(code) == reason);
  }
  CHECK(wire::reason_from_close_code(wire::close_code(errc::fenced)) == errc::superseded);
}

TEST_CASE("a close code that says nothing means: reconnect") {
  for (const int code : {1005, 1006, 1011, 1015, 3000, 4999}) {
    CHECK(wire::reason_from_close_code(static_cast<std::uint16_t>(code)) == errc::unavailable);
  }
}

}  // namespace
