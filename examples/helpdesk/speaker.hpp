// Speaker: says something in a conversation as a bot, for a backend that has no connection of its
// own. It goes the way of every message: through a session in the hub, judged by its policies and
// stored once.
#pragma once

#include <cstdint>
#include <kefu/completion.hpp>
#include <kefu/error.hpp>
#include <kefu/executor.hpp>
#include <kefu/hub.hpp>
#include <kefu/jwt_keys.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/rule.hpp>
#include <kefu/store.hpp>
#include <kefu/wire/codec.hpp>
#include <map>
#include <memory>
#include <string>

namespace helpdesk {

struct Saying {
  kefu::SessionId id;  ///< of this message: the same again says nothing twice
  kefu::ConversationId conversation;
  kefu::Participant bot;
  kefu::Participant by;  ///< who has the bot join, where it has not
  kefu::Log log = kefu::Log::public_log;
  std::string kind;
  std::string body;
};

struct Said {
  kefu::errc code = kefu::errc::ok;
  kefu::Rule rule = kefu::Rule::none;
  std::string detail = {};
  std::uint64_t seq = 0;
  kefu::Timestamp at = {};
};

/// Each message is the first of a session of its own, whose id the caller chose: so the store knows
/// it again, and answers what became of it, as long as it keeps sessions (limits::session_ttl, a
/// day). That costs some commits a message: who says much has a session of their own, by
/// kefu::client.
///
/// Threading: any. Lifetime: hub, store, keys and executor, which is one of the hub's, outlive it;
/// it is destroyed when that runs nothing.
class Speaker {
 public:
  Speaker(kefu::Hub& hub, kefu::Store& store, kefu::Executor& executor, const kefu::JwtKeys& keys);
  ~Speaker();

  /// errc::conflict: the id was used with other content, or Rule::state_table: nobody has the
  /// conversation yet, and only then can others join; errc::closed; errc::denied by a policy;
  /// errc::not_found; or try again.
  void say(Saying what, kefu::Completion<Said> done);

 private:
  class Line;

  void attach(std::shared_ptr<Saying> what, kefu::Completion<Said> done);
  void open(const std::shared_ptr<Saying>& what, kefu::Completion<Said> done);

  kefu::Hub& hub_;
  kefu::Store& store_;
  kefu::Executor& executor_;
  const kefu::JwtKeys& keys_;
  kefu::wire::Decoder decoder_{kefu::limits{}};   // on the executor
  std::map<Line*, std::unique_ptr<Line>> lines_;  // the same
};

}  // namespace helpdesk
