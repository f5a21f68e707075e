#include <kefu/core/client_requests.hpp>

#include <doctest/doctest.h>

namespace {

using namespace kefu;
using core::ClientRequests;
using namespace std::chrono_literals;
using Texts = std::vector<std::string_view>;

constexpr Instant kNow{100'000'000'000};

core::RequestTerms terms() {
  core::RequestTerms out;
  out.most = 3;
  out.attempts = 3;
  out.retry = 1s;
  out.retry_limit = 90s;
  return out;
}

TEST_CASE("a request is said once on each connection, until it has its answer") {
  ClientRequests requests(terms());
  requests.add(1, "one");
  requests.add(2, "two");
  CHECK(requests.due(kNow) == Texts{"one", "two"});
  CHECK(requests.due(kNow).empty());
  CHECK(requests.on_answer(1, errc::ok, kNow));
  CHECK_FALSE(requests.on_answer(1, errc::ok, kNow));
  requests.on_lost();
  CHECK(requests.due(kNow) == Texts{"two"});
  CHECK(requests.on_answer(2, errc::conflict, kNow));
  CHECK(requests.empty());
}

TEST_CASE("what the server can't do now is asked again, later each time, and not for ever") {
  ClientRequests requests(terms());
  requests.add(1, "one");
  CHECK(requests.due(kNow).size() == 1);
  CHECK_FALSE(requests.on_answer(1, errc::unavailable, kNow));
  CHECK(requests.wakes_at() == kNow + 1s);
  CHECK(requests.due(kNow).empty());
  CHECK(requests.due(kNow + 1s).size() == 1);
  CHECK_FALSE(requests.wakes_at());
  CHECK_FALSE(requests.on_answer(1, errc::overloaded, kNow + 1s));
  CHECK(requests.wakes_at() == kNow + 3s);
  requests.on_lost();
  CHECK(requests.due(kNow + 2s).empty());
  CHECK(requests.due(kNow + 3s).size() == 1);
  CHECK(requests.on_answer(1, errc::overloaded, kNow + 3s));
  CHECK(requests.empty());
}

TEST_CASE("only so many wait at once") {
  ClientRequests requests(terms());
  for (std::uint64_t i = 1; i <= 3; ++i) {
    CHECK_FALSE(requests.is_full());
    requests.add(i, "x");
  }
  CHECK(requests.is_full());
  CHECK(requests.due(kNow).size() == 3);
  CHECK(requests.on_answer(2, errc::ok, kNow));
  CHECK_FALSE(requests.is_full());
}

}  // namespace
