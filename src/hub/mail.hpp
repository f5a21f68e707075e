// What shards say to each other. One vector of these is posted per pair of shards and turn; inside
// one shard the same functions are called directly.
#pragma once

#include <cstdint>
#include <kefu/append_batch.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/model/entry.hpp>
#include <kefu/model/id.hpp>
#include <kefu/shared_frame.hpp>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace kefu::hub {

/// Names an attached session: a slot of its shard, and which use of it. It fits a draft's tag.
struct SessionRef {
  std::uint8_t shard = 0;
  std::uint32_t slot = 0;  // 24 bits
  std::uint32_t use = 0;   // 0 names nobody

  friend bool operator==(const SessionRef&, const SessionRef&) = default;

  [[nodiscard]] std::uint64_t pack() const {
    return std::uint64_t{shard} << 56 | std::uint64_t{slot} << 32 | use;
  }
  [[nodiscard]] static SessionRef unpack(std::uint64_t tag) {
    return {static_cast<std::uint8_t>(tag >> 56), static_cast<std::uint32_t>(tag >> 32 & 0xff'ffff),
            static_cast<std::uint32_t>(tag)};
  }
};

/// A conversation's record with the version at which it was read.
struct VersionedConversation {
  Conversation record;
  std::uint64_t version = 0;
};

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
  bool stands = true;  ///< ack: it stands for the entry
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
  std::string participant;
  bool staff = false;
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
/// The session's participant has received, or read, the public log up to `seq`.
struct Cursor {
  enum class What : std::uint8_t { delivered, read };
  SessionRef from;
  ConversationId conversation;
  What what = What::delivered;
  std::uint64_t seq = 0;
};
/// A frame for everyone else who reads the conversation now; may be lost.
struct Signal {
  SessionRef from;
  ConversationId conversation;
  SharedFrame frame;
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

// ---- to every shard

/// The session is attached with this epoch: older connections of it end.
struct Fence {
  SessionId session;
  std::uint64_t epoch = 0;
};
/// The participant takes part in the conversation: each of their sessions begins to read it.
struct Enlist {
  std::string participant;
  VersionedConversation conversation;
};
/// The conversation waits for an agent, or no longer does.
struct Offer {
  Conversation conversation;
};
struct OfferGone {
  ConversationId conversation;
};

}  // namespace mail

using Mail = std::variant<mail::Join, mail::Leave, mail::Submit, mail::Changed, mail::Cursor,
                          mail::Signal, mail::Joined, mail::Deliveries, mail::Fence, mail::Enlist,
                          mail::Offer, mail::OfferGone>;

}  // namespace kefu::hub
