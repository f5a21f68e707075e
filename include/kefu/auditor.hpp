// Auditor: the port that is told what becomes no entry and yet is somebody's doing: messages that
// were refused, bans that were set and lifted, logins that failed. audit::FolderSink is one.
//
//   kefu::HubOptions options;
//   options.auditor = &auditor;
//
// At most once: an act is told when it has happened, and nothing of it is stored with it, so what a
// process dies over is not told. A retry of the same is told once.
#pragma once

#include <kefu/error.hpp>
#include <kefu/model/ban.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/id.hpp>
#include <kefu/model/participant.hpp>
#include <kefu/model/rule.hpp>
#include <kefu/model/time.hpp>

#include <cstdint>
#include <string_view>
#include <variant>

namespace kefu::inline v0 {

/// What an Act can be. Texts are valid during the call that tells of it.
namespace act {

/// A message that a policy or a rule has denied; its sender was told so.
struct SendRefused {
  ConversationId conversation;
  Log log = Log::public_log;
  std::string_view by;  ///< the participant's id
  Role role = Role::visitor;
  Origin origin;            ///< the session, and its `cseq`
  std::string_view reason;  ///< the policy's; empty: a rule of kefu's own
  std::string_view body;    ///< as the policies left it
};

/// Tokens that were no good, or not looked at, and people who are banned, at `hello` and wherever
/// else a token is shown to the hub. Told together, now and then: a flood of them is a few acts.
struct LoginsRefused {
  errc code = errc::unauthenticated;
  Rule rule = Rule::none;        ///< `banned`: by that
  std::string_view participant;  ///< only where the token was good
  /// An address, or of IPv6 the first 64 bits of one; "loopback"; empty: of too many to tell apart.
  std::string_view network;
  std::string_view subject;  ///< of the client's certificate
  std::uint64_t count = 1;   ///< how many
};

/// A ban that stands from now on; `ban.by` has set it.
struct Banned {
  const Ban& ban;
};

/// A ban that stands no more. One whose time is over goes without this.
struct Lifted {
  std::string_view participant;  ///< whom it was about; or
  std::string_view address;
  std::string_view by;  ///< empty: the host
};

}  // namespace act

/// Something that was done, or tried.
struct Act {
  Timestamp at;  ///< by the Store's clock
  std::variant<act::SendRefused, act::LoginsRefused, act::Banned, act::Lifted> what;
};

/// Threading: note() is called from any thread, concurrently. It must not block for long nor throw.
/// Ownership: the host's. It outlives the hub, or is one of the hub's sinks (Hub::deliver): nothing
/// is told once the hub has begun to destroy those.
class Auditor {
 public:
  virtual ~Auditor() = default;

  /// `act` is valid during the call.
  virtual void note(const Act& act) = 0;
};

}  // namespace kefu::inline v0
