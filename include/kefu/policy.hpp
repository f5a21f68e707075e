// Policy: the port to risk control. A policy judges a draft before it is stored; its verdict is
// stored by the same append, so a retry can't get another one.
#pragma once

#include <kefu/completion.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/model/time.hpp>
#include <kefu/model/verdict.hpp>
#include <string_view>

namespace kefu::inline v0 {

/// What a policy sees; valid only during the call of decide().
struct PolicyContext {
  std::string_view from;  ///< the participant's id
  Role role;
  const Conversation& conversation;
  std::string_view peer;  ///< the connection's address
  Log log;
  std::string_view kind;
  std::string_view body;  ///< as the policies before this one left it
};

/// Threading: decide() is called on a shard, concurrently from several; the completion may come
/// from any thread, also inside the call. Verdicts of one (session, conversation) may be given in
/// any order: the hub releases them in order.
///
/// Policies are asked one after the other, each on what the one before it left; the first denial
/// ends it. One that answers inside the call costs no more than the call.
class Policy {
 public:
  virtual ~Policy() = default;

  /// Answers by `deadline`, which is limits::policy_deadline after the receipt of the frame; an
  /// answer after it is ignored. When the policies before it took all of that time, `deadline` has
  /// passed, and only an answer inside the call counts.
  virtual void decide(const PolicyContext& context, Instant deadline, Completion<Verdict> done) = 0;

  /// The verdict that stands when no answer came in time: fail-open or fail-closed. Constant.
  [[nodiscard]] virtual OnTimeout on_timeout() const = 0;
};

}  // namespace kefu::inline v0
