// ClientState: everything of a client that must survive its process. A plain value: whoever drives
// a ClientSession saves it, whole and atomically, whenever the machine says `Persist`.
#pragma once

#include <array>
#include <cstdint>
#include <kefu/model/entry.hpp>
#include <kefu/model/id.hpp>
#include <string>
#include <vector>

namespace kefu::inline v0::core {

/// A send without an outcome.
struct PendingSend {
  std::uint64_t id = 0;  ///< the client's own number for it; told with its outcome, never sent
  Log log = Log::public_log;
  std::string kind;
  std::string body;
  SessionId session;             ///< under which it is numbered; nil: it was never transmitted
  std::uint64_t cseq = 0;        ///< 0: not numbered
  std::string traceparent = {};  ///< need not be saved: a retry may do without

  friend bool operator==(const PendingSend&, const PendingSend&) = default;
};

/// A client's place in one log.
struct ClientPosition {
  std::uint64_t position =
      0;  ///< every entry up to here was delivered, but for what a reset skipped
  std::uint64_t searched =
      0;  ///< no pending send is up to here; below `position` only after a reset

  friend bool operator==(const ClientPosition&, const ClientPosition&) = default;
};

/// What a client keeps of a conversation.
struct ClientConversationState {
  ConversationId id;
  bool open = true;                    ///< as far as is known: its end has not been read
  std::array<ClientPosition, 2> logs;  ///< indexed by Log
  std::uint64_t accepted = 0;          ///< the session's sends up to here have an outcome
  std::vector<PendingSend> pending;    ///< in the order of submission

  friend bool operator==(const ClientConversationState&, const ClientConversationState&) = default;
};

struct ClientState {
  SessionId session;            ///< to resume; nil: none
  std::uint64_t epoch = 0;      ///< of the last attempt
  std::uint64_t submitted = 0;  ///< the highest PendingSend::id given out
  std::vector<ClientConversationState> conversations;

  friend bool operator==(const ClientState&, const ClientState&) = default;
};

}  // namespace kefu::inline v0::core
