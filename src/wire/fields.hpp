// Fields: the known fields of one JSON object, read in a single pass before its type is known. What
// a field means, and whether it is needed, is decided afterwards (frame_builder.hpp).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <kefu/model/frame.hpp>
#include <optional>
#include <string_view>
#include <vector>

#include "wire/field.hpp"

namespace kefu::inline v0::wire {

class Fields {
 public:
  enum class Kind : std::uint8_t {
    absent,  ///< not there, or null
    text,
    number,  ///< an integer from 0 to kMaxInteger
    boolean,
    container,  ///< an object or array of the kind that belongs there, read into Containers
    wrong,      ///< anything else
  };

  void set_text(Field field, std::string_view text) { put(field, Kind::text, text, 0); }
  void set_number(Field field, std::uint64_t number) { put(field, Kind::number, {}, number); }
  void set_boolean(Field field, bool value) { put(field, Kind::boolean, {}, value ? 1 : 0); }
  void set_container(Field field) { put(field, Kind::container, {}, 0); }
  void set_wrong(Field field) { put(field, Kind::wrong, {}, 0); }

  /// Marks a field as met; false when it was met before.
  [[nodiscard]] bool meet(Field field) noexcept {
    const bool first = (met_[word(field)] & bit(field)) == 0;
    met_[word(field)] |= bit(field);
    return first;
  }

  [[nodiscard]] Kind kind(Field field) const noexcept {
    return (set_[word(field)] & bit(field)) != 0 ? cell(field).kind : Kind::absent;
  }
  /// Precondition: the kind is text.
  [[nodiscard]] std::string_view text(Field field) const noexcept { return cell(field).text; }
  /// Precondition: the kind is number, or boolean (0 or 1).
  [[nodiscard]] std::uint64_t number(Field field) const noexcept { return cell(field).number; }

  /// A field that stood twice, or a name that is no valid text.
  std::optional<std::string_view> malformed;
  Origin origin;         ///< when the kind of Field::origin is container
  frame::Limits limits;  ///< when the kind of Field::limits is container

 private:
  struct Cell {
    Kind kind;
    std::uint64_t number;
    std::string_view text;
  };
  static_assert(kFields <= 128, "met_ and set_ have a bit for each field");
  [[nodiscard]] static constexpr std::size_t word(Field field) noexcept {
    return static_cast<std::size_t>(field) / 64;
  }
  [[nodiscard]] static constexpr std::uint64_t bit(Field field) noexcept {
    return std::uint64_t{1} << static_cast<std::size_t>(field) % 64;
  }

  [[nodiscard]] const Cell& cell(Field field) const noexcept {
    return cells_[static_cast<std::size_t>(field)].cell;
  }
  void put(Field field, Kind kind, std::string_view text, std::uint64_t number) noexcept {
    set_[word(field)] |= bit(field);
    cells_[static_cast<std::size_t>(field)].cell = {kind, number, text};
  }

  union Slot {  // not initialised: an object has a few of the fields, and set_ says which
    Slot() noexcept {}
    Cell cell;
  };

  std::array<std::uint64_t, 2> met_{};
  std::array<std::uint64_t, 2> set_{};
  std::array<Slot, kFields> cells_;
};

/// What the arrays and objects of a frame hold.
struct Containers {
  std::vector<Position> positions;
  std::vector<ConversationView> conversations;  ///< also the single one of `joined`
  std::vector<frame::EntryFrame> entries;
  std::vector<frame::AgentView> agents;
  std::vector<frame::Attribute> attributes;
  std::vector<std::string_view> tags;
  std::vector<std::string_view> skills;
  std::vector<ConversationId> linked;  ///< of a ticket
  std::vector<frame::TicketView> tickets;

  void clear() noexcept {
    positions.clear();
    conversations.clear();
    entries.clear();
    agents.clear();
    attributes.clear();
    tags.clear();
    skills.clear();
    linked.clear();
    tickets.clear();
  }
};

}  // namespace kefu::inline v0::wire
