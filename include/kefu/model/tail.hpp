// Tail: how far a log reaches.
#pragma once

#include <cstdint>
#include <kefu/model/entry.hpp>
#include <kefu/model/id.hpp>

namespace kefu::inline v0 {

struct Tail {
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t seq = 0;  ///< of the last entry; 0: there is none

  friend bool operator==(const Tail&, const Tail&) = default;
};

}  // namespace kefu::inline v0
