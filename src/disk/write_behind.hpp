// WriteBehind: which pieces of a growing file should go to the disk now, so that there is never
// much that it has still to take: whoever waits for it, as every commit of messages does, waits
// behind that. And which of those that are there should leave the system's cache, so that a large
// file does not take all of that from others.
#pragma once

#include <cstdint>
#include <optional>

namespace kefu::inline v0::disk {

class WriteBehind {
 public:
  struct Step {
    std::uint64_t begin = 0;            ///< the piece from here on sets out
    std::optional<std::uint64_t> wait;  ///< the piece from here on should be there by now
    std::optional<std::uint64_t> drop;  ///< the piece from here on may leave the cache
  };

  /// `piece`: bytes; at most two of them are on the way. 0: there are no steps. `cached`: bytes of
  /// what is on the disk that stay in the cache.
  WriteBehind(std::uint64_t piece, std::uint64_t cached, std::uint64_t offset) noexcept
      : piece_{piece},
        cached_{piece == 0 ? 0 : cached / piece * piece},
        first_{offset},
        begun_{offset} {}

  [[nodiscard]] std::uint64_t piece() const noexcept { return piece_; }

  /// The file has been written up to `offset`. Call it until there is no step.
  [[nodiscard]] std::optional<Step> next(std::uint64_t offset) noexcept {
    if (piece_ == 0 || offset < begun_ + piece_) return std::nullopt;
    Step step{begun_, std::nullopt, std::nullopt};
    if (begun_ != first_) step.wait = begun_ - piece_;
    if (step.wait && *step.wait >= first_ + cached_) step.drop = *step.wait - cached_;
    begun_ += piece_;
    return step;
  }
  /// It has been cut there.
  void rewind(std::uint64_t offset) noexcept { first_ = begun_ = offset; }

 private:
  std::uint64_t piece_;
  std::uint64_t cached_;
  std::uint64_t first_;  // pieces begin here
  std::uint64_t begun_;  // and have set out up to here
};

}  // namespace kefu::inline v0::disk
