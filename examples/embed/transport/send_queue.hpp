// What a connection has still to send. Nothing is refused: the Hub is told when the bound is
// reached, and again when half of it is free.
#pragma once

#include <cstddef>
#include <deque>
#include <kefu/limits.hpp>
#include <kefu/transport.hpp>
#include <span>
#include <utility>

namespace host {

class SendQueue {
 public:
  kefu::SendStatus add(kefu::SharedFrame frame) {
    bytes_ += frame.size();
    frames_.push_back(std::move(frame));
    if (bytes_ < kBound) return kefu::SendStatus::accepted;
    pressed_ = true;
    return kefu::SendStatus::backpressure;
  }
  [[nodiscard]] bool empty() const { return frames_.empty(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::span<const std::byte> front() const { return frames_.front().bytes(); }

  /// The first one was sent. True: the Hub is owed on_writable().
  bool pop() {
    bytes_ -= frames_.front().size();
    frames_.pop_front();
    return bytes_ < kBound / 2 && std::exchange(pressed_, false);
  }

 private:
  static constexpr std::size_t kBound = kefu::limits{}.send_queue;  // the Hub's default

  std::deque<kefu::SharedFrame> frames_;
  std::size_t bytes_ = 0;
  bool pressed_ = false;
};

}  // namespace host
