// DeskCommand: every change that the desk knows, as a value; a Transaction carries one out
// (desk_transaction.hpp).
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

/// What a host hands to Hub::change().
struct DeskChange {
  DeskCommand command;
};

}  // namespace kefu::inline v0::core
