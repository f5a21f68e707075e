#include <kefu/error.hpp>

#include <doctest/doctest.h>

#include <ostream>
#include <set>
#include <string>
#include <system_error>

namespace {

using namespace kefu;

template <class F>
void for_each_code(F f) {
  for (unsigned i = 0; i <= static_cast<unsigned>(errc::corrupt); ++i) f(static_cast<errc>(i));
}

TEST_CASE("every code has a name of its own that leads back to it") {
  std::set<std::string_view> names;
  for_each_code([&](errc code) {
    CHECK(name(code) != "unknown");
    CHECK(names.insert(name(code)).second);
    CHECK(errc_from_name(name(code)) == code);
  });
  CHECK(name(static_cast<errc>(250)) == "unknown");
  CHECK(errc_from_name("of a later version") == errc::unsupported);
  CHECK(errc_from_name("") == errc::unsupported);
}

TEST_CASE("a code is an error_code of kefu's category") {
  const std::error_code error = errc::stale_epoch;
  CHECK(error);
  CHECK(error.category() == error_category());
  CHECK(std::string(error.category().name()) == "kefu");
  CHECK(error.message() == "stale_epoch");
  CHECK(!std::error_code(errc::ok));
  CHECK(error == errc::stale_epoch);
  CHECK(error != errc::fenced);
}

TEST_CASE("conditions group the codes") {
  for_each_code([](errc code) {
    const std::error_code error = code;
    CHECK((error == errc_condition::retryable) == is_retryable(code));
    CHECK((error == errc_condition::fatal) ==
          (code == errc::store_failed || code == errc::store_version || code == errc::corrupt));
    CHECK((error == errc_condition::auth) ==
          (code == errc::unauthenticated || code == errc::token_expired || code == errc::denied));
    // A verdict is kept: to try again is pointless. A broken store needs a person.
    CHECK(!(is_retryable(code) && is_refusal(code)));
    CHECK(!(error == errc_condition::fatal && is_retryable(code)));
  });
  CHECK(std::error_code(errc::store_failed) == errc_condition::fatal);
  CHECK(std::error_code(errc::token_expired) == errc_condition::auth);
  CHECK(std::error_code(errc::timed_out) != errc_condition::auth);
  CHECK(std::make_error_code(std::errc::timed_out) != errc_condition::retryable);
  CHECK(std::error_code(errc::unavailable) != std::errc::resource_unavailable_try_again);
}

TEST_CASE("refusals are the two verdicts that consume a cseq") {
  for_each_code(
      [](errc code) { CHECK(is_refusal(code) == (code == errc::denied || code == errc::closed)); });
}

}  // namespace
