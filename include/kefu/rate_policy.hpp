// rate_policy(): how many messages somebody may send.
#pragma once

#include <cstddef>
#include <cstdint>
#include <kefu/model/time.hpp>
#include <kefu/policy.hpp>
#include <memory>
#include <string>

namespace kefu::inline v0 {

/// What rate_policy() is made with.
struct RateOptions {
  std::uint32_t messages = 30;         ///< so many at once …
  Nanoseconds within{60'000'000'000};  ///< … and again so many spread over so long (a minute)
  std::string reason = "too many messages; wait a little";
  /// Those of whom it knows at a time, which bounds its memory. Who has sent nothing for `within`
  /// is forgotten first; where all are busy, whoever comes new is not counted.
  std::size_t max_participants = 65'536;
};

/// Denies messages of visitors above a rate, counted for each participant over all their
/// connections and conversations on this node; what it denies does not count. The bounds on frames
/// in limits guard the server; this one guards people, and is far lower. Answers inside the call.
/// Fails open.
///
/// Time is that of receipt, as the deadline tells it: a message that waited is judged by when it
/// came. Throws std::invalid_argument for no messages, no time, or no participants.
///
///   hub.judge(kefu::rate_policy({.messages = 20}));
[[nodiscard]] std::unique_ptr<Policy> rate_policy(RateOptions options = {});

}  // namespace kefu::inline v0
