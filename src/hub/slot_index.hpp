// SlotIndex: finds sessions by something that they hold themselves, such as their id. It keeps
// eight bytes of each, where a map of nodes would keep fifty.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kefu::inline v0::hub {

/// A hash table with linear probing. Several slots may have one hash: the caller compares.
class SlotIndex {
 public:
  void add(std::size_t hash, std::uint32_t slot) {
    if (4 * (size_ + 1) > 3 * places_.size()) grow();
    place({fold(hash), slot});
    ++size_;
  }

  void remove(std::size_t hash, std::uint32_t slot) noexcept {
    if (places_.empty()) return;
    for (std::size_t at = home(fold(hash)); places_[at].slot != kNone; at = next(at)) {
      if (places_[at].slot != slot) continue;
      close_gap(at);
      --size_;
      return;
    }
  }

  /// Calls `each` with the slots that were added with this hash, and maybe some others. It must not
  /// change the index.
  template <class Each>
  void for_each(std::size_t hash, Each each) const {
    if (places_.empty()) return;
    const std::uint32_t wanted = fold(hash);
    for (std::size_t at = home(wanted); places_[at].slot != kNone; at = next(at)) {
      if (places_[at].hash == wanted) each(places_[at].slot);
    }
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  static constexpr std::uint32_t kNone = 0xffff'ffff;  // above every SessionRef::slot
  struct Place {
    std::uint32_t hash = 0;
    std::uint32_t slot = kNone;
  };

  [[nodiscard]] static std::uint32_t fold(std::size_t hash) noexcept {
    constexpr std::uint64_t kGolden = 0x9e37'79b9'7f4a'7c15;  // whatever the hash is, spread it
    return static_cast<std::uint32_t>((hash * kGolden) >> 32);
  }
  [[nodiscard]] std::size_t home(std::uint32_t hash) const noexcept {
    return hash & (places_.size() - 1);
  }
  [[nodiscard]] std::size_t next(std::size_t at) const noexcept {
    return (at + 1) & (places_.size() - 1);
  }

  void place(Place one) noexcept {
    std::size_t at = home(one.hash);
    while (places_[at].slot != kNone) at = next(at);
    places_[at] = one;
  }

  void grow() {
    constexpr std::size_t kFewest = 16;
    std::vector<Place> old(places_.empty() ? kFewest : 2 * places_.size());
    old.swap(places_);
    for (const Place& one : old) {
      if (one.slot != kNone) place(one);
    }
  }

  /// Moves those behind, which could not have their own place, nearer to it.
  void close_gap(std::size_t gap) noexcept {
    for (std::size_t at = next(gap); places_[at].slot != kNone; at = next(at)) {
      const std::size_t mask = places_.size() - 1;
      const std::size_t from_home = (at - home(places_[at].hash)) & mask;
      if (from_home < ((at - gap) & mask)) continue;
      places_[gap] = places_[at];
      gap = at;
    }
    places_[gap] = {};
  }

  std::vector<Place> places_;  // their number is a power of two
  std::size_t size_ = 0;
};

}  // namespace kefu::inline v0::hub
