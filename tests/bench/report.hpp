// Report: named figures in the order in which they were found, as a table or as one line of JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "histogram.hpp"
#include "machine.hpp"

namespace bench {

class Report {
 public:
  void text(std::string_view name, std::string_view value);
  void count(std::string_view name, std::uint64_t value);
  void number(std::string_view name, double value, int digits);

  /// p50, p99, p99.9 and max in microseconds, each as <prefix>p50_us …
  void latency(std::string_view prefix, const Histogram& histogram);

  /// CPU shares between two moments: of the server, of the generator, of everything else, stolen.
  void shares(const Usage& from, const Usage& to);

  [[nodiscard]] std::string table() const;
  [[nodiscard]] std::string json() const;

 private:
  std::vector<std::pair<std::string, std::string>> lines_;  // values as JSON has them
};

}  // namespace bench
