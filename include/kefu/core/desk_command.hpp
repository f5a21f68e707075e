// DeskCommand: every change that the desk knows, as a value; a Transaction carries one out.
#pragma once

#include <kefu/core/ban.hpp>
#include <kefu/core/contact.hpp>
#include <kefu/core/departure.hpp>
#include <kefu/core/describe.hpp>
#include <kefu/core/ending.hpp>
#include <kefu/core/handover.hpp>
#include <kefu/core/hold.hpp>
#include <kefu/core/offer.hpp>
#include <kefu/core/opening.hpp>
#include <kefu/core/presence.hpp>
#include <kefu/core/relay.hpp>
#include <kefu/core/retention.hpp>
#include <kefu/core/sla.hpp>
#include <kefu/core/ticket.hpp>
#include <kefu/core/transaction.hpp>
#include <optional>
#include <utility>
#include <variant>

namespace kefu::inline v0::core {

/// Every change that the desk knows.
using DeskCommand =
    std::variant<Open, Enqueue, Reopen, MakeOffer, Accept, Decline, ExpireOffer, AskHost, Release,
                 TransferToAgent, TransferToDepartment, TakeOver, Overflow, Hold, Resume, Resolve,
                 Close, Abandon, Join, Leave, Describe, RenewLease, AttachDevice, DetachDevice,
                 SetIntent, DropDevices, ForgetNode, ReturnAbsent, EndWrapUp, CreateTicket,
                 UpdateTicket, CommentTicket, MergeTicket, WakeTicket, StartSla, FoldSla, HoldSink,
                 AdvanceSink, BuryEvents, ForgetLetter, AddBan, LiftBan, Expire, EndExpiry, Blank,
                 VisitorLeft, VisitorBack, BeginMerge, MoveConversation, EndMerge>;

/// The record that a command is about; nothing for what concerns a node. Of two tickets the one
/// that stays.
[[nodiscard]] inline std::optional<RecordKey> subject_of(const DeskCommand& command) {
  return std::visit(
      [](const auto& one) -> std::optional<RecordKey> {
        if constexpr (requires { one.proposed; }) {
          return key_of(one.proposed);
        } else if constexpr (requires { one.into; }) {
          return ticket_key(one.into);
        } else if constexpr (requires { one.ticket; }) {
          return ticket_key(one.ticket);
        } else if constexpr (requires { one.conversation; }) {
          return conversation_key(one.conversation);
        } else if constexpr (requires { one.agent; }) {
          return agent_key(one.agent);
        } else if constexpr (
            requires { one.ban; } || requires { one.address; }) {
          return bans_key();
        } else if constexpr (requires { one.contact; }) {
          return contact_key(one.contact);
        } else {
          return std::nullopt;
        }
      },
      command);
}

/// What a host hands to Hub::change().
struct DeskChange {
  DeskCommand command;
};

/// The Transaction that carries a change out.
[[nodiscard]] inline Transaction transaction_of(DeskCommand command) {
  return Transaction([command = std::move(command)](WorkingSet& desk, Timestamp now) {
    return std::visit([&](const auto& one) { return decide(one, desk, now); }, command);
  });
}

}  // namespace kefu::inline v0::core
