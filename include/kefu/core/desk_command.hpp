// DeskCommand: every change that the desk knows, as a value; a Transaction carries one out.
#pragma once

#include <kefu/core/describe.hpp>
#include <kefu/core/ending.hpp>
#include <kefu/core/handover.hpp>
#include <kefu/core/hold.hpp>
#include <kefu/core/offer.hpp>
#include <kefu/core/opening.hpp>
#include <kefu/core/presence.hpp>
#include <kefu/core/sla.hpp>
#include <kefu/core/ticket.hpp>
#include <kefu/core/transaction.hpp>
#include <utility>
#include <variant>

namespace kefu::core {

using DeskCommand =
    std::variant<Open, Enqueue, Reopen, MakeOffer, Accept, Decline, ExpireOffer, AskHost, Release,
                 TransferToAgent, TransferToDepartment, TakeOver, Overflow, Hold, Resume, Resolve,
                 Close, Abandon, Join, Leave, Describe, RenewLease, AttachDevice, DetachDevice,
                 SetIntent, DropDevices, ForgetNode, ReturnAbsent, EndWrapUp, CreateTicket,
                 UpdateTicket, CommentTicket, MergeTicket, WakeTicket, StartSla, FoldSla>;

[[nodiscard]] inline Transaction transaction_of(DeskCommand command) {
  return Transaction([command = std::move(command)](WorkingSet& desk, Timestamp now) {
    return std::visit([&](const auto& one) { return decide(one, desk, now); }, command);
  });
}

}  // namespace kefu::core
