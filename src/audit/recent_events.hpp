// RecentEvents: which events the last lines of an audit log tell of, so that what is delivered
// again is known. Not by position alone: those of a store that was restored from a backup come
// again with other events, which must be written.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <kefu/model/entry.hpp>
#include <kefu/model/id.hpp>
#include <vector>

namespace kefu::inline v0::audit {

struct KnownEvent {
  std::uint64_t position = 0;
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t seq = 0;

  friend bool operator==(const KnownEvent&, const KnownEvent&) = default;
};

class RecentEvents {
 public:
  /// More than a node delivers within a lease, and so may not have noted.
  static constexpr std::size_t kSize = 16'384;

  RecentEvents() { ring_.reserve(kSize); }

  void add(const KnownEvent& event) noexcept {
    highest_ = std::max(highest_, event.position);
    if (ring_.size() < kSize) return ring_.push_back(event);
    ring_[oldest_] = event;
    oldest_ = (oldest_ + 1) % kSize;
  }

  [[nodiscard]] bool contains(const KnownEvent& event) const noexcept {
    return event.position <= highest_ && std::ranges::find(ring_, event) != ring_.end();
  }

 private:
  std::vector<KnownEvent> ring_;
  std::size_t oldest_ = 0;
  std::uint64_t highest_ = 0;
};

}  // namespace kefu::inline v0::audit
