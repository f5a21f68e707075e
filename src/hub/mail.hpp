// What shards say to each other. One vector of these is posted per pair of shards and turn; inside
// one shard the same functions are called directly.
#pragma once

#include <cstdint>
#include <kefu/append_batch.hpp>
#include <kefu/core/queue.hpp>
#include <kefu/model/agent.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/id.hpp>
#include <kefu/model/tail.hpp>
#include <kefu/shared_frame.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "person.hpp"

namespace kefu::inline v0::hub {

class BanSet;

/// Names an attached session: a slot of its shard, and which use of it. It fits a draft's tag.
struct SessionRef {
  std::uint32_t shard : 8 = 0;
  std::uint32_t slot : 24 = 0;
  std::uint32_t use = 0;  // 0 names nobody

  friend bool operator==(const SessionRef&, const SessionRef&) = default;

  [[nodiscard]] std::uint64_t pack() const {
    return std::uint64_t{shard} << 56 | std::uint64_t{slot} << 32 | use;
  }
  [[nodiscard]] static SessionRef unpack(std::uint64_t tag) {
    return make(tag >> 56, tag >> 32, static_cast<std::uint32_t>(tag));
  }
  [[nodiscard]] static SessionRef make(std::uint64_t shard, std::uint64_t slot, std::uint32_t use) {
    SessionRef ref;
    ref.shard = shard & 0xff;
    ref.slot = slot & 0xff'ffff;
    ref.use = use;
    return ref;
  }
};

/// A conversation's record with the version at which it was read.
struct VersionedConversation {
  Conversation record;
  std::uint64_t version = 0;
};

/// An agent's record as a commit left it or a read found it, with the conversations of that commit.
struct AgentNews {
  Agent record;
  std::uint64_t version = 0;
  std::vector<Conversation> conversations;
};

/// What the staff is told of an agent.
struct AgentState {
  std::string id;
  Intent intent = Intent::available;
  bool present = false;
  std::uint32_t capacity = 0;
  std::uint32_t load = 0;

  friend bool operator==(const AgentState&, const AgentState&) = default;
};
using AgentStates = std::shared_ptr<const std::vector<AgentState>>;

/// Something for one attached session.
struct Delivery {
  enum class What : std::uint8_t {
    entry,   ///< `frame` is the entry `seq` of `log`
    ack,     ///< its send `cseq` became the entry `seq`
    failed,  ///< its send `cseq` met `code`; `frame` may say so
    hint,    ///< `log` may reach to `seq`
    signal,  ///< `frame`, which may be lost
  };
  SessionRef to;
  ConversationId conversation;
  What what = What::entry;
  Log log = Log::public_log;
  errc code = errc::ok;
  bool stands = true;        ///< ack: it stands for the entry
  std::uint32_t weight = 0;  ///< ack, failed: Draft::weight
  std::uint64_t cseq = 0;
  std::uint64_t seq = 0;
  std::uint64_t expected = 0;
  Timestamp at;
  SharedFrame frame;
};

namespace mail {

// ---- to the home shard of a conversation

struct Join {
  SessionRef who;
  Person person;
  VersionedConversation conversation;
};
struct Leave {
  SessionRef who;
  ConversationId conversation;
};
struct Submit {
  std::unique_ptr<AppendBatch> batch;
};
/// A commit changed the conversation and appended these entries.
struct Changed {
  VersionedConversation conversation;
  std::vector<Entry> entries;
};
/// The log may reach so far: a commit has an unknown effect.
struct Unsure {
  Tail tail;
};
/// The session's participant has received, or read, the public log up to `seq`.
struct Cursor {
  enum class What : std::uint8_t { delivered, read };
  SessionRef from;
  ConversationId conversation;
  What what = What::delivered;
  std::uint64_t seq = 0;
};
/// Another node may have changed the record: it is read again.
struct Recheck {
  ConversationId conversation;
};
/// Where the conversation stands in its queue.
struct Place {
  ConversationId conversation;
  core::QueuePlace place;
  std::optional<Timestamp> opens_at;
};
/// A frame for everyone else who reads the conversation now; may be lost.
struct Signal {
  SessionRef from;
  ConversationId conversation;
  SharedFrame frame;
  std::string preview = {};  ///< of what is typed: staff are told that, too
};

// ---- to the shard of a session

/// The home shard delivers to this session from now on.
struct Joined {
  SessionRef who;
  ConversationId conversation;
};
struct Deliveries {
  std::vector<Delivery> items;
};
/// The participant is no longer in the conversation.
struct Removed {
  SessionRef who;
  ConversationId conversation;
};

// ---- to the shard that routes

/// A queue may have somebody who can be served now: this department's, or any.
struct Wake {
  std::optional<std::string> department;
};
/// The conversation waits for whoever of the staff takes it, or no longer does. Everybody hears it
/// from that shard, for shards that spoke to each other would be heard in different orders.
struct Queued {
  Conversation conversation;
};
struct Dequeued {
  ConversationId conversation;
  std::uint64_t assignment = 0;
};
/// Somebody of the staff is shown these, which they have found in the store.
struct Listed {
  using One = std::pair<ConversationId, std::uint64_t>;  // and its assignment
  std::vector<One> waiting;
};

// ---- to every shard

/// The session is attached with this epoch: older connections of it end.
struct Fence {
  SessionId session;
  std::uint64_t epoch = 0;
};
/// An agent's session is attached on that shard: what others of this node had of it counts no more.
struct Seated {
  Person who;
  SessionId session;
  std::uint64_t epoch = 0;
  std::uint32_t at = 0;
};
/// The participant takes part in the conversation: each of their sessions begins to read it.
struct Enlist {
  std::string participant;
  VersionedConversation conversation;
};
/// The same, as another node says; the record is still to be read.
struct Expect {
  std::string participant;
  ConversationId conversation;
};
/// As `Queued` and `Dequeued`, in the order that counts.
struct Offer {
  Conversation conversation;
};
struct OfferGone {
  ConversationId conversation;
};
/// Its visitor has left, as some node says: unless they are here.
struct Missed {
  ConversationId conversation;
  std::string visitor;
};
struct AgentChanged {
  std::shared_ptr<const AgentNews> news;
};
/// For the staff: all agents who are there, and those of them that have changed.
struct Agents {
  AgentStates all;
  AgentStates changed;
};
/// Who may not come in, from now on.
struct Bans {
  std::shared_ptr<const BanSet> all;
};
/// This node's lease is valid, after it was not.
struct Leased {};

}  // namespace mail

using Mail =
    std::variant<mail::Join, mail::Leave, mail::Submit, mail::Changed, mail::Unsure, mail::Cursor,
                 mail::Recheck, mail::Place, mail::Signal, mail::Joined, mail::Deliveries,
                 mail::Removed, mail::Wake, mail::Queued, mail::Dequeued, mail::Listed, mail::Fence,
                 mail::Seated, mail::Enlist, mail::Expect, mail::Offer, mail::OfferGone,
                 mail::AgentChanged, mail::Missed, mail::Agents, mail::Bans, mail::Leased>;

}  // namespace kefu::inline v0::hub
