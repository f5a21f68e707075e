// What is done with any DeskCommand. Apart from desk_command.hpp, for it is compiled for each of
// the fifty, and few files need it.
#pragma once

#include <kefu/core/desk_command.hpp>
#include <kefu/core/transaction.hpp>
#include <optional>
#include <utility>
#include <variant>

namespace kefu::inline v0::core {

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

/// The Transaction that carries a change out.
[[nodiscard]] inline Transaction transaction_of(DeskCommand command) {
  return Transaction([command = std::move(command)](WorkingSet& desk, Timestamp now) {
    return std::visit([&](const auto& one) { return decide(one, desk, now); }, command);
  });
}

}  // namespace kefu::inline v0::core
