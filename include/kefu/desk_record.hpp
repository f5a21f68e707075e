// DeskRecord: every record that the service desk keeps. desk_keys.hpp tells under which keys one is
// found, and wire/records.hpp turns it into text and back.
#pragma once

#include <kefu/model/agent.hpp>
#include <kefu/model/ban.hpp>
#include <kefu/model/contact.hpp>
#include <kefu/model/conversation.hpp>
#include <kefu/model/department.hpp>
#include <kefu/model/node.hpp>
#include <kefu/model/sink.hpp>
#include <kefu/model/sla.hpp>
#include <kefu/model/ticket.hpp>
#include <string>
#include <variant>

namespace kefu::inline v0 {

/// Which conversation of (visitor, department) is open. It exists exactly while one is, so creating
/// it is what makes find-or-create atomic.
struct OpenConversation {
  std::string visitor;
  std::string department;
  ConversationId conversation;

  friend bool operator==(const OpenConversation&, const OpenConversation&) = default;
};

/// A record of any kind that the desk keeps.
using DeskRecord = std::variant<Conversation, OpenConversation, Agent, Department, Ticket,
                                NodeLease, SlaClock, SinkCursor, DeadLetter, BanList, Contact>;

}  // namespace kefu::inline v0
