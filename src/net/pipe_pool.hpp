// PipePool: the pipes of a transfer loop. A transfer has one only while bytes are in it, which is
// seldom longer than a turn, so a few do for all.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "net/zero_copy.hpp"

namespace kefu::inline v0::net {

/// Threading: one thread.
class PipePool {
 public:
  static constexpr std::size_t kMost = 16;                ///< pipes at a time
  static constexpr std::size_t kPipeBytes = 1024 * 1024;  ///< that the system holds in one

  /// An empty pipe; nothing when there is none for now, or never.
  [[nodiscard]] std::optional<Pipe> take() noexcept;
  /// Precondition: it is empty. Whoever has bytes in one lets it go by discard().
  void give(Pipe pipe) noexcept;
  void discard(Pipe pipe) noexcept;

  [[nodiscard]] std::size_t taken() const noexcept { return taken_; }

 private:
  std::optional<Pipe> idle_[kMost];
  std::size_t idle_count_ = 0;
  std::size_t taken_ = 0;
};

}  // namespace kefu::inline v0::net
