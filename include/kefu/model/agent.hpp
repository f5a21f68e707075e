// Agent: what an agent may do, the slots that conversations fill, and who keeps the agent present.
// A slot is changed in the commit that changes its conversation, on the version of this record: an
// agent is never over capacity.
#pragma once

#include <cstdint>
#include <kefu/model/enum_name.hpp>
#include <kefu/model/id.hpp>
#include <kefu/model/time.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kefu::inline v0 {

/// What the agent wants. Stored: it outlives connections, and a return finds it as it was.
enum class Intent : std::uint8_t {
  available,  ///< gets offers
  busy,       ///< keeps what there is, and gets no offers
  away,       ///< like busy; says so to others
};

[[nodiscard]] constexpr std::string_view name(Intent intent) noexcept {
  constexpr std::string_view kNames[] = {"available", "busy", "away"};
  return kNames[static_cast<std::size_t>(intent)];
}
/// See enum_name.hpp.
[[nodiscard]] constexpr Intent last_of(Intent) noexcept { return Intent::away; }

/// Why a slot is filled.
enum class SlotUse : std::uint8_t {
  offered,  ///< kept while the agent is asked
  owned,
  wrap_up,  ///< the conversation is over; kept until `until` for the work behind it
};

[[nodiscard]] constexpr std::string_view name(SlotUse use) noexcept {
  constexpr std::string_view kNames[] = {"offered", "owned", "wrap_up"};
  return kNames[static_cast<std::size_t>(use)];
}
[[nodiscard]] constexpr SlotUse last_of(SlotUse) noexcept { return SlotUse::wrap_up; }

/// One conversation that counts for an agent.
struct AgentSlot {
  ConversationId conversation;
  std::string department;
  SlotUse use = SlotUse::offered;
  Timestamp since;
  std::optional<Timestamp> until;  ///< wrap_up only

  friend bool operator==(const AgentSlot&, const AgentSlot&) = default;
};

/// What an agent can, and how well.
struct Skill {
  std::string name;
  std::uint32_t level = 1;  ///< higher is better

  friend bool operator==(const Skill&, const Skill&) = default;
};

/// That an agent serves a department.
struct Membership {
  std::string department;
  std::optional<std::uint32_t> capacity;  ///< slots for this department; nothing: any that are free

  friend bool operator==(const Membership&, const Membership&) = default;
};

/// A device keeps its agent present as long as the lease of its node is valid (model/node.hpp).
struct Device {
  SessionId session;
  std::uint64_t epoch = 0;  ///< of the session: tells its connections apart
  std::string node;

  friend bool operator==(const Device&, const Device&) = default;
};

struct Agent {
  std::string id;  ///< the participant's
  std::uint32_t capacity = kDefaultCapacity;
  std::vector<Membership> departments;  ///< none: serves all
  std::vector<Skill> skills;
  std::vector<std::string> languages;  ///< none: any
  Intent intent = Intent::available;
  std::uint64_t said = 0;  ///< one more with each change that they make of intent and capacity
  std::vector<AgentSlot> slots;
  std::vector<Device> devices;            ///< none: not present
  Timestamp last_seen;                    ///< when a device last went
  std::optional<Timestamp> absent_since;  ///< the last of all devices has gone then
  Timestamp last_offered_at;              ///< round robin's memory
  Timestamp idle_since;                   ///< longest idle's: when a slot was last freed
  Nanoseconds handling{0};  ///< moving average from accepting to ending; 0: nothing known

  /// For an agent whose host says nothing else.
  static constexpr std::uint32_t kDefaultCapacity = 8;

  /// The slot that a conversation fills; null: none.
  [[nodiscard]] const AgentSlot* slot_of(ConversationId conversation) const {
    for (const AgentSlot& slot : slots) {
      if (slot.conversation == conversation) return &slot;
    }
    return nullptr;
  }
  /// Their membership of a department; null: none.
  [[nodiscard]] const Membership* membership_in(std::string_view department) const {
    for (const Membership& one : departments) {
      if (one.department == department) return &one;
    }
    return nullptr;
  }
  /// They take conversations of this department.
  [[nodiscard]] bool serves(std::string_view department) const {
    return departments.empty() || membership_in(department) != nullptr;
  }
  /// The names of its departments; none: all.
  [[nodiscard]] std::vector<std::string> served() const {
    std::vector<std::string> names;
    for (const Membership& one : departments) names.push_back(one.department);
    return names;
  }
  /// How many more conversations of the department fit.
  [[nodiscard]] std::uint32_t free_slots(std::string_view department) const {
    const auto left = [](std::uint32_t bound, std::size_t used) {
      return used < bound ? bound - static_cast<std::uint32_t>(used) : 0;
    };
    const std::uint32_t total = left(capacity, slots.size());
    const Membership* const membership = membership_in(department);
    if (!membership || !membership->capacity) return total;
    std::size_t used = 0;
    for (const AgentSlot& slot : slots) used += slot.department == department ? 1 : 0;
    const std::uint32_t here = left(*membership->capacity, used);
    return here < total ? here : total;
  }
  friend bool operator==(const Agent&, const Agent&) = default;
};

}  // namespace kefu::inline v0
