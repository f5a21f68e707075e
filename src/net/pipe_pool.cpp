#include "net/pipe_pool.hpp"

#include <cassert>
#include <utility>

namespace kefu::inline v0::net {

std::optional<Pipe> PipePool::take() noexcept {
  if (idle_count_ == 0 && taken_ == kMost) return std::nullopt;
  std::optional<Pipe> pipe;
  if (idle_count_ != 0) {
    pipe = std::exchange(idle_[--idle_count_], std::nullopt);
  } else {
    pipe = make_pipe(kPipeBytes);
  }
  if (pipe) ++taken_;
  return pipe;
}

void PipePool::give(Pipe pipe) noexcept {
  assert(taken_ != 0);
  --taken_;
  idle_[idle_count_++] = std::move(pipe);
}

void PipePool::discard(Pipe) noexcept {
  assert(taken_ != 0);
  --taken_;
}

}  // namespace kefu::inline v0::net
