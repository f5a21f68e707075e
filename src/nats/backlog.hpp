// Backlog: what waits to be sent, in order and bounded: the oldest goes for the newest, for a newer
// hint says more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace kefu::inline v0::nats {

struct Message {
  std::string subject;
  std::string bytes;
};

class Backlog {
 public:
  explicit Backlog(std::size_t most) : most_(most) {}

  /// How many were dropped for it, itself included.
  std::uint64_t add(Message message) {
    const std::size_t size = size_of(message);
    if (size > most_) return 1;
    std::uint64_t dropped = 0;
    for (; size_ + size > most_; ++dropped) static_cast<void>(take());
    size_ += size;
    messages_.push_back(std::move(message));
    return dropped;
  }
  /// The oldest. Precondition: there is one.
  [[nodiscard]] Message take() {
    Message oldest = std::move(messages_.front());
    messages_.pop_front();
    size_ -= size_of(oldest);
    return oldest;
  }
  [[nodiscard]] bool empty() const noexcept { return messages_.empty(); }

 private:
  static std::size_t size_of(const Message& message) {
    return sizeof(Message) + message.subject.size() + message.bytes.size();
  }

  const std::size_t most_;
  std::size_t size_ = 0;
  std::deque<Message> messages_;
};

}  // namespace kefu::inline v0::nats
