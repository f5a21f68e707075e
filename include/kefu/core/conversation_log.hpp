// ConversationLog: the heads of a conversation's two logs. It gives out the numbers; the entries
// are elsewhere.
#pragma once

#include <cstdint>
#include <kefu/model/entry.hpp>

namespace kefu::inline v0::core {

class ConversationLog {
 public:
  /// Where an entry stands.
  struct Place {
    std::uint64_t seq = 0;
    std::uint64_t after = 0;  ///< internal log: the public seq behind which the entry stands
  };

  ConversationLog() = default;
  ConversationLog(std::uint64_t public_tail, std::uint64_t internal_tail)
      : public_tail_(public_tail), internal_tail_(internal_tail) {}

  /// The place of the next entry of `log`. Numbers are dense: 1, 2, 3 …
  Place append(Log log) noexcept {
    if (log == Log::public_log) return {++public_tail_, 0};
    return {++internal_tail_, public_tail_};
  }

  /// The last number that was given.
  [[nodiscard]] std::uint64_t tail(Log log) const noexcept {
    return log == Log::public_log ? public_tail_ : internal_tail_;
  }

 private:
  std::uint64_t public_tail_ = 0;
  std::uint64_t internal_tail_ = 0;
};

}  // namespace kefu::inline v0::core
