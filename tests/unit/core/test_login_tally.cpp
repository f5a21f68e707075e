#include <kefu/core/login_tally.hpp>

#include <doctest/doctest.h>

using namespace kefu;
using kefu::core::LoginTally;

TEST_CASE("what is alike is counted together, and taken once") {
  LoginTally tally;
  const LoginTally::Kind wrong{errc::unauthenticated, Rule::none, {}, "192.0.2.1", {}};
  const LoginTally::Kind other{errc::unauthenticated, Rule::none, {}, "192.0.2.2", {}};
  for (int i = 0; i < 3; ++i) tally.count(wrong);
  tally.count(other);
  CHECK(tally.take() == LoginTally::Counts{{wrong, 3}, {other, 1}});
  CHECK(tally.take().empty());
}

TEST_CASE("of a flood from everywhere no more is kept than has room, and nothing is uncounted") {
  LoginTally tally;
  constexpr std::uint64_t kMany = 10'000;
  for (std::uint64_t i = 0; i < kMany; ++i) {
    const errc code = i % 2 == 0 ? errc::unauthenticated : errc::rate_limited;
    tally.count({code, Rule::none, {}, std::to_string(i), {}});
  }
  const LoginTally::Counts counts = tally.take();
  CHECK(counts.size() == LoginTally::kMost + 2);
  std::uint64_t sum = 0;
  for (const auto& [kind, count] : counts) sum += count;
  CHECK(sum == kMany);
  const LoginTally::Kind rest{errc::rate_limited, Rule::none, {}, {}, {}};
  CHECK(counts.at(rest) == (kMany - LoginTally::kMost) / 2);
}
