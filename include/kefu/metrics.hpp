// Metrics: what a hub counts, and how Prometheus reads it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <kefu/error.hpp>
#include <string>
#include <string_view>

namespace kefu::inline v0 {

/// How many values were at most so large. Each shard has its own and writes it alone.
struct Histogram {
  /// The upper bounds; one more bucket is for what lies above.
  static constexpr std::array<std::uint64_t, 13> kBounds{1,   2,   5,    10,   20,   50,    100,
                                                         200, 500, 1000, 2000, 5000, 10'000};

  std::array<std::uint64_t, kBounds.size() + 1> counts{};
  std::uint64_t sum = 0;

  /// Counts a value.
  void add(std::uint64_t value) noexcept {
    std::size_t at = 0;
    while (at < kBounds.size() && value > kBounds[at]) ++at;
    ++counts[at];
    sum += value;
  }
  Histogram& operator+=(const Histogram& other) noexcept;
};

/// Figures of one moment, summed over the shards.
struct HubStats {
  static constexpr std::size_t kCodes = static_cast<std::size_t>(errc::corrupt) + 1;

  std::uint64_t connections = 0;    ///< open now, greeted or not
  std::uint64_t sessions = 0;       ///< attached now
  std::uint64_t conversations = 0;  ///< with a reader now
  std::uint64_t appended = 0;       ///< entries stored for sends since the start
  std::uint64_t repeated = 0;       ///< retries that got their original outcome
  std::uint64_t delivered = 0;      ///< entries handed to connections, acks in their place included
  std::uint64_t pending_drafts = 0;             ///< drafts without an outcome now
  std::uint64_t pending_bytes = 0;              ///< of their bodies
  std::uint64_t frames = 0;                     ///< from clients, since the start
  std::array<std::uint64_t, kCodes> refused{};  ///< error frames to clients, by errc
  Histogram batch_drafts;                       ///< drafts in an append
  Histogram append_time;                        ///< of an append, 0.1 ms
  /// Of the connections whose system tells, or of some of them where they are many.
  Histogram round_trip;           ///< ms
  std::uint64_t retransmits = 0;  ///< segments, of those same connections
  /// Work for several that was lost for want of memory, and whose clients are not yet sent away to
  /// ask again. Not 0 for longer than 0.25 s.
  std::uint64_t unmended = 0;

  HubStats& operator+=(const HubStats& other) noexcept;
};

/// Appends the figures in Prometheus' text format, each name behind "kefu_", with units as it has
/// them: seconds and bytes.
void write_prometheus(const HubStats& stats, std::string& out);

/// One gauge in the same format; `help` is a sentence.
void write_prometheus(std::string_view name, std::string_view help, std::uint64_t value,
                      std::string& out);

}  // namespace kefu::inline v0
