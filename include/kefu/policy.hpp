// Policy: the port to risk control. A policy judges a draft before it is stored; its verdict is
// stored by the same append, so a retry can't get another one.
#pragma once

#include <cstdint>
#include <kefu/completion.hpp>
#include <kefu/executor.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/model/entry.hpp>
#include <string>
#include <string_view>
#include <variant>

namespace kefu {

/// What a policy sees; valid only during the call of decide().
struct PolicyContext {
  const Participant& from;
  const Conversation& conversation;
  std::string_view peer;  ///< the connection's address
  Log log;
  std::string_view kind;
  std::string_view body;
};

struct Allow {};
struct Deny {
  std::string reason;  ///< told to the sender; not stored in the log
};
struct Rewrite {
  std::string body;  ///< stored instead
};
struct Flag {
  std::string tag;  ///< stored with the message, for staff
};
using Verdict = std::variant<Allow, Deny, Rewrite, Flag>;

/// Threading: decide() is called on a shard, concurrently from several; the completion may come
/// from any thread, also inside the call. Verdicts of one (session, conversation) may be given in
/// any order: the hub releases them in order.
class Policy {
 public:
  enum class OnTimeout : std::uint8_t { allow, deny };

  virtual ~Policy() = default;

  /// Answers by `deadline`, counted from the receipt of the frame; an answer after it is ignored.
  virtual void decide(const PolicyContext& context, Instant deadline, Completion<Verdict> done) = 0;

  /// The verdict that stands when no answer came in time: fail-open or fail-closed. Constant.
  [[nodiscard]] virtual OnTimeout on_timeout() const = 0;
};

}  // namespace kefu
