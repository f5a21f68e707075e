// RoutingStrategy: who shall be asked next. It is a pure function of a snapshot, and only proposes;
// the commit decides (offer.hpp). What it remembers stands in the records: when an agent was last
// offered something, when they became idle, who had the conversation before. So every node can
// route, and none has to know what another one did.
//
// Those that kefu brings are in routing.hpp.
#pragma once

#include <cstdint>
#include <kefu/callback.hpp>
#include <kefu/model/agent.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/model/time.hpp>
#include <string>
#include <vector>

namespace kefu::inline v0::core {

/// What a strategy sees. Slots that this pass of the router has proposed to fill are filled in it.
struct RoutingSnapshot {
  std::string department;
  Timestamp now;
  std::vector<Agent> agents;  ///< at least all that could take something
};

/// What a strategy would do with a conversation.
struct Proposal {
  /// Which of it.
  enum class What : std::uint8_t {
    nobody,    ///< leave it in the queue
    agent,     ///< offer it to `agent`
    ask_host,  ///< ask the host, for `deadline`; the answer comes as an offer of its own
  };
  What what = What::nobody;
  std::string agent;
  Nanoseconds deadline{0};
};

/// Called for one conversation at a time, in the order of the queue. It must not block, and must
/// give the same answer for the same arguments.
using RoutingStrategy = Callback<Proposal(const Conversation&, const RoutingSnapshot&)>;

}  // namespace kefu::inline v0::core
