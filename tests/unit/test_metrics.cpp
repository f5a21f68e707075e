#include <kefu/metrics.hpp>

#include <doctest/doctest.h>

using namespace kefu;

TEST_CASE("a histogram counts a value under the first bound that is not below it") {
  Histogram histogram;
  for (const std::uint64_t value : {0U, 1U, 2U, 3U, 10'000U, 10'001U}) histogram.add(value);
  CHECK(histogram.counts[0] == 2);
  CHECK(histogram.counts[1] == 1);
  CHECK(histogram.counts[2] == 1);
  CHECK(histogram.counts[12] == 1);
  CHECK(histogram.counts[13] == 1);
  CHECK(histogram.sum == 20'007);
}

TEST_CASE("figures in Prometheus' format") {
  HubStats one, two;
  one.connections = 3;
  one.refused[static_cast<std::size_t>(errc::rate_limited)] = 2;
  one.batch_drafts.add(7);
  one.append_time.add(15);  // tenths of ms
  one.round_trip.add(3);    // ms
  two.connections = 4;
  two.batch_drafts.add(5000);
  one += two;
  std::string text;
  write_prometheus(one, text);
  const auto has = [&](std::string_view line) { return text.find(line) != std::string::npos; };
  CHECK(
      has("# HELP kefu_connections Connections to the hub, greeted or not.\n"
          "# TYPE kefu_connections gauge\nkefu_connections 7\n"));
  CHECK(has("kefu_refusals_total{code=\"rate_limited\"} 2\n"));
  CHECK_FALSE(has("code=\"denied\""));
  CHECK(has("kefu_append_batch_drafts_bucket{le=\"5\"} 0\n"));
  CHECK(has("kefu_append_batch_drafts_bucket{le=\"10\"} 1\n"));
  CHECK(has("kefu_append_batch_drafts_bucket{le=\"5000\"} 2\n"));
  CHECK(has("kefu_append_batch_drafts_bucket{le=\"+Inf\"} 2\n"));
  CHECK(has("kefu_append_batch_drafts_sum 5007\nkefu_append_batch_drafts_count 2\n"));
  CHECK(has("kefu_append_seconds_bucket{le=\"0.0001\"} 0\n"));
  CHECK(has("kefu_append_seconds_bucket{le=\"0.002\"} 1\n"));
  CHECK(has("kefu_append_seconds_sum 0.0015\n"));
  CHECK(has("kefu_round_trip_seconds_bucket{le=\"0.005\"} 1\n"));
}
