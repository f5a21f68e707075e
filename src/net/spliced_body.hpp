// SplicedBody: how the bytes of a body go from a socket through a pipe into a file. Without I/O: it
// says what to do next, and is told what came of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "net/io_result.hpp"

namespace kefu::inline v0::net {

/// Threading: one thread.
class SplicedBody {
 public:
  enum class Action : std::uint8_t {
    fill,    ///< splice at most size() bytes from the socket into the pipe, then filled()
    drain,   ///< splice size() bytes from the pipe into the file, then drained()
    rescue,  ///< the file takes no splice: take some of the size() bytes out of the pipe and write
             ///< them, which also says what is wrong; then rescued()
    yield,   ///< its share of this turn is used up, or the file is busy: go on in the next turn
    wait,    ///< until the socket is readable
    complete,  ///< all is in the file
    gone,      ///< the peer has ended before its body did; what came is in the file
    give_up,   ///< what is left goes another way; the pipe is empty
  };

  /// `body`: bytes still to come from the socket.
  explicit SplicedBody(std::uint64_t body) noexcept : body_{body} {}

  /// A turn, in which at most about `share` bytes move. The same pipe as before while holds_pipe().
  [[nodiscard]] Action begin_turn(std::size_t share) noexcept {
    share_ = share;
    return next();
  }

  [[nodiscard]] Action filled(const IoResult& result) noexcept {
    switch (result.status) {
      case IoStatus::done:
        body_ -= result.bytes;
        in_pipe_ += result.bytes;
        share_ -= std::min(share_, result.bytes);
        return next();
      case IoStatus::would_block:
        return Action::wait;
      case IoStatus::ended:
        return Action::gone;
      case IoStatus::failed:
        break;
    }
    return Action::give_up;
  }

  [[nodiscard]] Action drained(const IoResult& result) noexcept {
    if (result.status == IoStatus::would_block) return Action::yield;
    if (result.status != IoStatus::done) {
      file_splices_ = false;
      return next();
    }
    in_pipe_ -= result.bytes;
    return next();
  }

  [[nodiscard]] Action rescued(std::size_t bytes) noexcept {
    in_pipe_ -= bytes;
    return next();
  }

  /// What the last action is about.
  [[nodiscard]] std::size_t size() const noexcept {
    if (in_pipe_ != 0) return in_pipe_;
    return static_cast<std::size_t>(std::min<std::uint64_t>(body_, share_));
  }
  /// Bytes of the body that are still in the socket, or have not come.
  [[nodiscard]] std::uint64_t left() const noexcept { return body_; }
  [[nodiscard]] bool holds_pipe() const noexcept { return in_pipe_ != 0; }

 private:
  /// The pipe is emptied first: so nothing that came is lost with the connection, and a fill that
  /// would block says that of the socket.
  [[nodiscard]] Action next() const noexcept {
    if (in_pipe_ != 0) return file_splices_ ? Action::drain : Action::rescue;
    if (body_ == 0) return Action::complete;
    if (!file_splices_) return Action::give_up;
    return share_ == 0 ? Action::yield : Action::fill;
  }

  std::uint64_t body_;
  std::size_t in_pipe_ = 0;
  std::size_t share_ = 0;
  bool file_splices_ = true;
};

}  // namespace kefu::inline v0::net
