// Effects of a ClientSession: what whoever drives it has to do, in their order.
#pragma once

#include <cstdint>
#include <kefu/core/client_state.hpp>
#include <kefu/error.hpp>
#include <kefu/model/frame.hpp>
#include <kefu/model/time.hpp>
#include <variant>
#include <vector>

namespace kefu::inline v0::core {

namespace client_effect {

/// Save ClientSession::snapshot() durably before carrying out what follows.
struct Persist {};

/// Open a link, and answer with on_opened() or on_closed().
struct Connect {};

/// Drop the link: no event of it is wanted any more.
struct Disconnect {};

/// Give a frame to the link. Its texts are valid until the machine's next call.
struct Transmit {
  ClientFrame frame;
};

/// The next entry of a log. Each comes once, in order of seq; those that a Reset skips don't come.
/// `own`: this participant wrote it. For an entry known only from an ack, `from` is empty.
struct Deliver {
  Entry entry;
  bool own = false;
};

/// A submitted send has its outcome, its only one.
/// ok: it is the entry `seq` (0: it is known to be in the log, by another one's ack). denied,
/// closed: refused. duplicate: it had one of these outcomes long ago. not_found: the conversation
/// can't be read; when the send was on the way before, it may be in it. Others: it was not taken.
struct Settled {
  ConversationId conversation;
  std::uint64_t id = 0;
  errc code = errc::ok;
  std::uint64_t seq = 0;
  Timestamp at;
};

/// The log continues behind `tail`; history has what is between.
struct Reset {
  ConversationId conversation;
  Log log = Log::public_log;
  std::uint64_t from = 0;
  std::uint64_t tail = 0;
};

/// A session begins or goes on. Not `resumed`: it is a new one, which tells what it knows afresh.
struct Attached {
  SessionId session;
  bool resumed = false;
};

/// The server will not have this client, for a reason that trying again does not change (a bad
/// token, above all). The machine has stopped.
struct Refused {
  errc code = errc::unauthenticated;
};

}  // namespace client_effect

/// One thing to do.
using ClientEffect =
    std::variant<client_effect::Persist, client_effect::Connect, client_effect::Disconnect,
                 client_effect::Transmit, client_effect::Deliver, client_effect::Settled,
                 client_effect::Reset, client_effect::Attached, client_effect::Refused>;
/// What to do, in this order.
using ClientEffects = std::vector<ClientEffect>;

}  // namespace kefu::inline v0::core
