// Sweep: finds what has come due, whoever it was that should have been there to see it, and says
// what is to be done about it. All of it is in records, under indexes sorted by time, so a sweep
// with nothing to do reads nothing; any node may sweep at any time, for the decisions are made in
// commits.
#pragma once

#include <cstdint>
#include <kefu/core/desk_command.hpp>
#include <kefu/core/retention.hpp>
#include <kefu/desk_keys.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace kefu::inline v0::core {

/// What a Sweep looks after.
struct SweepOptions {
  std::string node;                              ///< this one, which judges others
  Nanoseconds grace = std::chrono::seconds(30);  ///< before an absent agent loses what they have
  Nanoseconds decline_pause = std::chrono::seconds(60);  ///< as in Department
  Nanoseconds node_memory = std::chrono::hours(24);      ///< before an expired node is forgotten
};

namespace sweep_effect {

/// Read a page of an index in its order, and call on_page(). `after` is the `next` of the page
/// before.
struct Scan {
  RecordKind kind = RecordKind::conversation;
  std::string_view index;
  std::string prefix;
  std::string after;
};
/// Carry this out in a transaction.
struct Run {
  DeskCommand command;
};
/// The SLA clock of this conversation has come due: fold its log and judge (sla.hpp).
struct Judge {
  ConversationId conversation;
};
/// This is past its retention: see retention.hpp. Of many only the first are told; the others come
/// when these are done with.
struct Expire {
  Retained of;
};
/// Its visitor has left, as some node says: where they are on this one, they are VisitorBack.
struct Look {
  ConversationId conversation;
  std::string visitor;
};
/// Goes on with a merge that nobody has ended (contact.hpp).
struct Merge {
  std::string visitor;
  std::string contact;
};
/// This round is over.
struct Done {};

}  // namespace sweep_effect

/// One thing to do.
using SweepEffect =
    std::variant<sweep_effect::Scan, sweep_effect::Run, sweep_effect::Judge, sweep_effect::Expire,
                 sweep_effect::Look, sweep_effect::Merge, sweep_effect::Done>;
/// What to do, in this order.
using SweepEffects = std::vector<SweepEffect>;

class Sweep {
 public:
  explicit Sweep(SweepOptions options) : options_(std::move(options)) {}

  /// Precondition: it is not under way.
  void start(SweepEffects& out) {
    stage_ = Stage::gone;
    expired_.clear();
    scan({}, out);
  }

  /// A page that it asked for.
  void on_page(const std::vector<DeskRecord>& page, const std::string& next, Timestamp now,
               SweepEffects& out) {
    bool more = !next.empty();
    for (const DeskRecord& record : page) {
      more = std::visit([&](const auto& one) { return handle(one, now, out); }, record) && more;
    }
    const bool nobody_left = page.empty() && stage_ == Stage::node_agents;
    if (nobody_left && now >= expired_.back().until + options_.node_memory)
      out.push_back(sweep_effect::Run{ForgetNode{expired_.back().id, options_.node_memory}});
    more ? scan(next, out) : advance(out);
  }

  /// A read failed: the next sweep comes soon enough.
  void on_failed(SweepEffects& out) { out.push_back(sweep_effect::Done{}); }

 private:
  enum class Stage : std::uint8_t {
    gone,  // first: who is back must not be given up
    conversations,
    agents,
    absent,
    tickets,
    old_conversations,
    old_tickets,
    contacts,
    timers,
    node_agents
  };

  void scan(std::string after, SweepEffects& out) {
    switch (stage_) {
      case Stage::gone:
        return add({RecordKind::conversation, index::kGone, {}, std::move(after)}, out);
      case Stage::conversations:
        return add({RecordKind::conversation, index::kDue, {}, std::move(after)}, out);
      case Stage::agents:
        return add({RecordKind::agent, index::kDue, {}, std::move(after)}, out);
      case Stage::absent:
        return add({RecordKind::agent, index::kAbsent, {}, std::move(after)}, out);
      case Stage::tickets:
        return add({RecordKind::ticket, index::kDue, {}, std::move(after)}, out);
      case Stage::old_conversations:
        return add({RecordKind::conversation, index::kExpiry, {}, std::move(after)}, out);
      case Stage::old_tickets:
        return add({RecordKind::ticket, index::kExpiry, {}, std::move(after)}, out);
      case Stage::contacts:
        return add({RecordKind::contact, index::kDue, {}, std::move(after)}, out);
      case Stage::timers:
        return add({RecordKind::timer, index::kDue, {}, std::move(after)}, out);
      case Stage::node_agents:
        return add(
            {RecordKind::agent, index::kOnNode, index::of(expired_.back().id), std::move(after)},
            out);
    }
  }
  static void add(sweep_effect::Scan scan, SweepEffects& out) { out.push_back(std::move(scan)); }

  void advance(SweepEffects& out) {
    if (stage_ == Stage::node_agents) {
      expired_.pop_back();
    } else {
      stage_ = static_cast<Stage>(static_cast<int>(stage_) + 1);
    }
    if (stage_ == Stage::node_agents && expired_.empty()) {
      out.push_back(sweep_effect::Done{});
    } else {
      scan({}, out);
    }
  }

  // Each answers whether what follows in the index may be due as well.

  template <class T>
  static bool expire(const T& old, Timestamp now, SweepEffects& out) {
    if (old.expires_at && *old.expires_at <= now) out.push_back(sweep_effect::Expire{old.id});
    return false;  // the next sweep sees more of them
  }

  bool handle(const Conversation& c, Timestamp now, SweepEffects& out) {
    if (stage_ == Stage::old_conversations) return expire(c, now, out);
    if (stage_ == Stage::gone) {
      out.push_back(sweep_effect::Look{c.id, c.visitor});
      return true;
    }
    const auto due = due_at(c);
    if (!due || now < *due) return !due;
    if (c.gone_until && now >= *c.gone_until)
      out.push_back(sweep_effect::Run{Abandon{c.id, true}});
    else if (c.state == ConversationState::offered)
      out.push_back(sweep_effect::Run{ExpireOffer{c.id, options_.decline_pause}});
    else if (c.state == ConversationState::queued)
      out.push_back(sweep_effect::Run{Abandon{c.id, true}});
    else if (c.state == ConversationState::resolved)
      out.push_back(sweep_effect::Run{Close{c.id, {}, {}, {}, true}});
    else
      out.push_back(sweep_effect::Run{Resume{c.id, {}}});
    return true;
  }

  bool handle(const Agent& agent, Timestamp now, SweepEffects& out) {
    if (stage_ == Stage::node_agents) {
      out.push_back(sweep_effect::Run{
          DropDevices{agent.id, expired_.back().id, options_.node, options_.grace}});
      return true;
    }
    if (stage_ == Stage::agents) {
      const auto due = due_at(agent);
      if (due && *due <= now) out.push_back(sweep_effect::Run{EndWrapUp{agent.id}});
      return !due || *due <= now;
    }
    const bool over = agent.absent_since && now >= *agent.absent_since + options_.grace;
    for (const AgentSlot& slot : agent.slots) {
      if (slot.use != SlotUse::offered && !(over && slot.use == SlotUse::owned)) continue;
      out.push_back(sweep_effect::Run{
          ReturnAbsent{agent.id, slot.conversation, options_.node, options_.grace}});
    }
    return true;  // the offers of those who have just gone stand at the end
  }

  bool handle(const Ticket& ticket, Timestamp now, SweepEffects& out) {
    if (stage_ == Stage::old_tickets) return expire(ticket, now, out);
    if (!ticket.pending_until || now < *ticket.pending_until) return false;
    out.push_back(sweep_effect::Run{WakeTicket{ticket.id}});
    return true;
  }

  bool handle(const Contact& contact, Timestamp now, SweepEffects& out) {
    if (!contact.resume_at || now < *contact.resume_at) return false;
    out.push_back(sweep_effect::Merge{contact.id, contact.into});
    return true;
  }

  bool handle(const NodeLease& lease, Timestamp now, SweepEffects&) {
    if (lease.valid_at(now)) return false;
    if (lease.id != options_.node) expired_.push_back(lease);
    return true;
  }

  bool handle(const SlaClock& clock, Timestamp now, SweepEffects& out) {
    const auto due = due_at(clock);
    if (due && now < *due) return false;
    out.push_back(sweep_effect::Judge{clock.conversation});
    return true;
  }

  template <class Other>
  bool handle(const Other&, Timestamp, SweepEffects&) {
    return true;
  }

  SweepOptions options_;
  Stage stage_ = Stage::conversations;
  std::vector<NodeLease> expired_;  // nodes whose devices are to be dropped
};

}  // namespace kefu::inline v0::core
