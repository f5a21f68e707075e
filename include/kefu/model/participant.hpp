// Who takes part: roles, and the identity that an Authenticator derives from a token.
#pragma once

#include <cstdint>
#include <kefu/model/time.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace kefu::inline v0 {

/// What somebody is to a desk.
enum class Role : std::uint8_t { visitor, agent, bot, supervisor };

[[nodiscard]] constexpr std::string_view name(Role role) noexcept {
  switch (role) {
    case Role::visitor:
      return "visitor";
    case Role::agent:
      return "agent";
    case Role::bot:
      return "bot";
    case Role::supervisor:
      return "supervisor";
  }
  return "visitor";
}

/// The role of that name; nothing for any other text.
[[nodiscard]] constexpr std::optional<Role> role_from_name(std::string_view text) noexcept {
  for (Role role : {Role::visitor, Role::agent, Role::bot, Role::supervisor}) {
    if (name(role) == text) return role;
  }
  return std::nullopt;
}

/// True for the roles that may read and write the internal log: everyone on the desk's side.
[[nodiscard]] constexpr bool is_staff(Role role) noexcept { return role != Role::visitor; }

/// A participant. `id` is the host's own name for the person (the token's `sub`), unique within a
/// tenant across roles.
struct Participant {
  std::string id;
  Role role = Role::visitor;

  friend bool operator==(const Participant&, const Participant&) = default;
};

/// What a valid token says. The connection ends at `expires_at` unless a new token comes before.
struct Identity {
  Participant participant;
  Timestamp expires_at;
  bool verified = false;  ///< the host knows who it is: may claim former identities of which it
                          ///< does not (Hub::merge())
};

}  // namespace kefu::inline v0
