// Histogram: durations in buckets whose width is below 1 % of what they hold.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

class Histogram {
 public:
  void add(std::uint64_t ns) {
    ++counts_[std::min(bucket_of(ns), counts_.size() - 1)];
    ++total_;
    max_ = std::max(max_, ns);
  }

  [[nodiscard]] std::uint64_t count() const { return total_; }

  /// In nanoseconds: the upper edge of the bucket in which the quantile lies; 0 when empty.
  [[nodiscard]] std::uint64_t quantile(double q) const {
    const auto wanted = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total_))));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen >= wanted) return std::min(upper_edge(i), max_);
    }
    return max_;
  }

 private:
  // Each power of two is cut into kSteps equal buckets; below kSteps a bucket is one nanosecond.
  static constexpr unsigned kStepBits = 7;
  static constexpr std::uint64_t kSteps = 1u << kStepBits;
  static constexpr std::size_t kDoublings = 40;  // up to 2^46 ns, twenty hours

  static std::size_t bucket_of(std::uint64_t ns) {
    if (ns < kSteps) return static_cast<std::size_t>(ns);
    const unsigned shift = static_cast<unsigned>(std::bit_width(ns)) - kStepBits - 1;
    return static_cast<std::size_t>((shift + 1) * kSteps + (ns >> shift) - kSteps);
  }
  static std::uint64_t upper_edge(std::size_t bucket) {
    if (bucket < kSteps) return bucket;
    const std::size_t shift = bucket / kSteps - 1;
    return ((bucket % kSteps + kSteps + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>(kSteps * kDoublings);
  std::uint64_t total_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace bench
