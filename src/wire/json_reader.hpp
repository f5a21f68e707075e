// json_reader: from simdjson's tokens to Fields.
#pragma once

#include <simdjson.h>

#include <optional>
#include <string_view>

#include "wire/field_reader.hpp"
#include "wire/fields.hpp"

namespace kefu::inline v0::wire {

/// JavaScript's largest safe integer: what every client can hold exactly.
inline constexpr std::uint64_t kMaxInteger = (std::uint64_t{1} << 53) - 1;

/// Which of an object's arrays and objects are read; others are skipped, however deep they are.
enum class Shape : std::uint8_t {
  client_frame,  ///< attributes, positions, skills, tags
  server_frame,  ///< those and agents, conversation, conversations, entries, limits, origin,
                 ///< tickets
  ticket,        ///< attributes, conversations, tags
  entry,         ///< origin
  flat,          ///< none
};

/// A field's name; nothing when it is no text. One without an escape, which is all that honest
/// clients send, is a view of the message. Call it once for a field.
[[nodiscard]] std::optional<std::string_view> read_key(simdjson::ondemand::field& field);

/// Reads `object` to its end. False when it is not JSON: then the rest of the message can't be read
/// either. Everything else that is wrong is noted in `fields`. `containers` is given for frames.
[[nodiscard]] bool read_object(simdjson::ondemand::object object, Shape shape, Fields& fields,
                               Containers* containers);

/// What an entry says, but for `conversation` and `log`: in a page of history these stand once,
/// outside.
bool to_entry(const Fields& fields, frame::EntryFrame& entry, FieldReader& in);

}  // namespace kefu::inline v0::wire
