#include <kefu/model/traceparent.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace kefu;

// The example of W3C Trace Context, §3.2.
constexpr std::string_view kTrace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST_CASE("a traceparent is of version 00, in small letters, and not all zeros") {
  CHECK(is_traceparent(kTrace));
  CHECK(is_traceparent("00-00000000000000000000000000000001-0000000000000001-ff"));
  for (const char* const wrong : {
           "",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-011",
           "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4BF92F3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736,00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7,01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
       }) {
    CAPTURE(wrong);
    CHECK(!is_traceparent(wrong));
  }
}

TEST_CASE("it is found among the tags of an entry") {
  const std::string trace(kTrace);
  CHECK(traceparent_in(trace) == kTrace);
  CHECK(traceparent_in("rewritten,spam," + trace) == kTrace);
  CHECK(traceparent_in("rewritten," + trace + ",spam") == kTrace);
  CHECK(traceparent_in("rewritten,spam") == "");
  CHECK(traceparent_in(",,") == "");
  CHECK(traceparent_in("") == "");
}
